"""The migrations of before the first release, which those of now replace: a database that has had all is up to date.

Django writes down what a migration replaces when that one is done, and takes for done whatever replaces nothing else:
so each replaces names of its own. The first of an application replaces the newest names and the last the oldest, so
that a database made halfway now cannot be taken for one of halfway then, which had the oldest and lacks the newest.
"""

from __future__ import annotations

from typing import Final

BEFORE: Final[dict[str, list[tuple[str, str]]]] = {
    "desk": [
        ("desk", "0001_initial"),
        ("desk", "0002_apk_inspections"),
        ("desk", "0003_people_roles"),
        ("desk", "0004_people_audit"),
        ("desk", "0005_people_tokens"),
        ("desk", "0006_tickets_life"),
        ("desk", "0007_tickets_fleet"),
        ("desk", "0008_tickets_quiet"),
        ("desk", "0009_scores_incidents"),
        ("desk", "0010_trying_backtests"),
        ("desk", "0011_consolebench_lists"),
        ("desk", "0012_words_messages"),
        ("desk", "0013_propose_search"),
        ("desk", "0014_perf_kept"),
        ("desk", "0015_perf_indexes"),
        ("desk", "0016_itreport_role"),
        ("desk", "0017_chat_channels"),
        ("desk", "0018_incident_sources"),
        ("desk", "0019_objection_resting"),
        ("desk", "0020_open_tickets"),
    ],
    "fleet": [
        ("fleet", "0001_initial"),
        ("fleet", "0002_living_enrolment"),
        ("fleet", "0003_consolebench_lists"),
        ("fleet", "0004_perf_told"),
        ("fleet", "0005_perf_listed"),
        ("fleet", "0006_behind4_warranty"),
    ],
    "service": [
        ("service", "0001_knowledge_articles"),
        ("service", "0002_knowledge_search"),
        ("service", "0003_words_templates_pictures"),
        ("service", "0004_announce_promises"),
        ("service", "0005_skills_and_tips"),
        ("service", "0006_visits_visits"),
        ("service", "0007_itreport_workplace"),
        ("service", "0008_wire_visits_tell"),
        ("service", "0009_chat_channels"),
    ],
    "store": [
        ("store", "0001_initial"),
        ("store", "0002_baselines"),
        ("store", "0003_cost_notices"),
        ("store", "0004_consolebench_fleet_facts"),
        ("store", "0005_perf_fleet_facts"),
        ("store", "0006_behind4_releases"),
    ],
}
