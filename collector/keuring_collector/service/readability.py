"""How easily a text reads, aim B1: words in a sentence, and the ease of Flesch (English) and Flesch-Douma (Dutch).

Syllables are counted by the letters of vowels, which is right for nine words in ten and so for a text of some
sentences. Of a text shorter than some 25 words the ease says little; the length of its sentences does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# Vowels that are one syllable together; the longest first. A vowel with a diaeresis begins a new one.
_DUTCH: Final = re.compile(r"aai|ooi|oei|eeu|ieu|ëi|aa|ee|oo|uu|ie|oe|eu|ui|ei|ij|au|ou|[aeiouyáéíóúàèêëïöü]")
_ENGLISH: Final = re.compile(r"[aeiouy]+")
_SILENT: Final = re.compile(
    r"(?<=g)ue$|(?<=[^aeiouyl])e$|(?<=[^aeiouylsxzcgh])es$|(?<=[aeiouy]l)es?$|(?<=[^aeiouytd])ed$"
)
_APART: Final = re.compile(r"i[aou](?<!tio)(?<!sio)(?<!cia)|eo(?!ple)|ua|yi")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d[\d.,:%]*")
_SENTENCE: Final = re.compile(r"[.!?:;](?=\s|$)")
_CODE: Final = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
_BLOCK: Final = re.compile(r"^\s*(?:[-*]|\d+[.)])\s+", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of a text: words, the mean and the longest sentence in words, and the ease (0 to 100 or so)."""

    words: int
    mean: float
    longest: int
    ease: float


def syllables(word: str, language: str) -> int:
    """How many syllables a word has, at least one; a number is one."""
    word = word.lower()
    if language == "nl":
        return max(1, len(_DUTCH.findall(word)))
    heard = _SILENT.sub("", word)
    return max(1, len(_ENGLISH.findall(heard)) + len(_APART.findall(heard)))


def sentences(markdown: str) -> list[list[str]]:
    """The words of each sentence. A row of a list, a heading and a paragraph end one; code and links are one word."""
    text = re.sub(r"\]\([^)]*\)", "]", _CODE.sub("x", markdown))
    text = re.sub(r"^#+ .*$", "", text, flags=re.MULTILINE)
    blocks = re.split(r"\n\s*\n", _BLOCK.sub("\n\n", text))
    parts = [part for block in blocks for part in _SENTENCE.split(block)]
    return [found for part in parts if (found := _WORD.findall(part))]


def measure(markdown: str, language: str) -> Measured:
    """Measures a text in Dutch ("nl") or English ("en")."""
    told = sentences(markdown)
    every = [word for sentence in told for word in sentence]
    if not every:
        return Measured(0, 0.0, 0, 100.0)
    mean, each = len(every) / len(told), sum(syllables(word, language) for word in every) / len(every)
    ease = 206.84 - 0.93 * mean - 77 * each if language == "nl" else 206.835 - 1.015 * mean - 84.6 * each
    return Measured(len(every), round(mean, 1), max(map(len, told)), round(ease, 1))
