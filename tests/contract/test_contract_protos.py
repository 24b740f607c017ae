"""The contract's style, and what it can say at all: every call is listed here, and none of them runs anything."""

from __future__ import annotations

import re
from importlib import import_module
from typing import TYPE_CHECKING, Final

import pytest
from google.protobuf import descriptor_pb2

from tests.repository import ROOT, tracked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from google.protobuf.descriptor import Descriptor, FileDescriptor

PROTOS: Final = sorted(path for path in tracked() if path.suffix == ".proto")
# The promise that there is no remote command, in full: (service, call, request, response, streams in, streams out).
CALLS: Final = {
    ("EnrolmentService", "EnrolEndpoint", "EnrolEndpointRequest", "EnrolEndpointResponse", False, False),
    ("CertificateService", "RenewCertificate", "RenewCertificateRequest", "RenewCertificateResponse", False, False),
    ("RecoveryService", "GetChallenge", "GetChallengeRequest", "GetChallengeResponse", False, False),
    (
        "RecoveryService", "RecoverCertificate", "RecoverCertificateRequest", "RecoverCertificateResponse", False,
        False,
    ),
    (
        "MachineEnrolmentService", "GetEnrolmentChallenge", "GetEnrolmentChallengeRequest",
        "GetEnrolmentChallengeResponse", False, False,
    ),
    ("MachineEnrolmentService", "EnrolMachine", "EnrolMachineRequest", "EnrolMachineResponse", False, False),
    ("PolicyService", "GetPolicy", "GetPolicyRequest", "GetPolicyResponse", False, False),
    ("ReportService", "SendReports", "SendReportsRequest", "SendReportsResponse", True, True),
}  # fmt: skip
# All that a collector can ever tell an agent, field by field; a new one is added here by somebody who thought of this.
TOLD_TO_AGENTS: Final = {
    "EnrolEndpointResponse": {"endpoint_id", "certificate_chain", "trust_roots", "report_addresses"},
    "RenewCertificateResponse": {"certificate_chain", "trust_roots"},
    "GetChallengeResponse": {"challenge"},
    "RecoverCertificateResponse": {"certificate_chain", "trust_roots"},
    "GetEnrolmentChallengeResponse": {"challenge"},
    "EnrolMachineResponse": {"endpoint_id", "certificate_chain", "trust_roots", "report_addresses"},
    "GetPolicyResponse": {"policy"},
    "Policy": {
        "version", "sample_interval", "window_duration", "windows_per_flush", "allowed_privacy_classes",
        "disabled_signals", "wanted_agent_version",
    },
    "SendReportsResponse": {
        "spool_epoch", "sequence", "disposition", "expected_sequence", "problems", "policy", "notices",
        "ended_notices",
    },
    "Problem": {"reason", "detail", "count"},
    "EndedNotice": {"notice_id", "end"},
    "Notice": {"notice_id", "kind", "titles", "bodies", "link", "expire_time"},
}  # fmt: skip
NEVER: Final = re.compile(
    r"(^|_)(users?|usernames?|logins?|commands?|exec(ute)?|scripts?|shell|argv|args|cmdline|urls?|window_titles?|keystrokes?|"
    r"screens?hots?|documents?|password)(_|$)"
)


def load(path: Path) -> FileDescriptor:
    name = path.relative_to(ROOT / "protos").with_suffix("").as_posix().replace("/", ".")
    descriptor: FileDescriptor = import_module(f"{name}_pb2").DESCRIPTOR
    return descriptor


FILES: Final = [load(path) for path in PROTOS]


def messages(file: FileDescriptor) -> Iterator[Descriptor]:
    """Every message that a person declared (map entries are the compiler's)."""
    waiting = list(file.message_types_by_name.values())
    while waiting:
        message = waiting.pop()
        waiting += message.nested_types
        if not message.GetOptions().map_entry:
            yield message


ALL_MESSAGES: Final = [message for file in FILES for message in messages(file)]


def test_every_call_is_known() -> None:
    found = set()
    for file in FILES:
        prototype = descriptor_pb2.FileDescriptorProto()
        file.CopyToProto(prototype)
        for service in prototype.service:
            found |= {
                (
                    service.name,
                    method.name,
                    method.input_type.rpartition(".")[2],
                    method.output_type.rpartition(".")[2],
                    method.client_streaming,
                    method.server_streaming,
                )
                for method in service.method
            }
    assert found == CALLS


def test_all_that_an_agent_can_be_told_is_known() -> None:
    reached: dict[str, set[str]] = {}
    waiting = [message for message in ALL_MESSAGES if message.name.endswith("Response")]
    while waiting:
        message = waiting.pop()
        if message.GetOptions().map_entry or not message.full_name.startswith("keuring.") or message.name in reached:
            continue
        reached[message.name] = {field.name for field in message.fields}
        waiting += [field.message_type for field in message.fields if field.message_type is not None]
    assert reached == TOLD_TO_AGENTS


def test_no_field_could_carry_a_command_or_a_person() -> None:
    for message in ALL_MESSAGES:
        for field in message.fields:
            assert not NEVER.search(field.name), f"{message.full_name}.{field.name}"
    assert NEVER.search("remote_command")
    assert NEVER.search("user")
    assert not NEVER.search("first_sequence")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_package_is_where_the_file_is(file: FileDescriptor) -> None:
    assert file.name.rpartition("/")[0].replace("/", ".") == file.package
    assert re.fullmatch(r"keuring\.[a-z]+\.v[1-9]", file.package)
    assert file.name.rpartition("/")[2] == f"{file.package.split('.')[1]}.proto"


def test_calls_are_verb_and_noun_with_messages_of_their_own() -> None:
    for _, call, request, response, _, _ in CALLS:
        assert re.fullmatch(r"(Enrol|Renew|Recover|Get|Send)[A-Z][A-Za-z]+", call)
        assert (request, response) == (f"{call}Request", f"{call}Response")
    used = [name for call in CALLS for name in call[2:4]]
    assert len(used) == len(set(used))


def test_services_and_fields_are_named_as_the_field_does() -> None:
    for file in FILES:
        assert all(name.endswith("Service") for name in file.services_by_name)
    for message in ALL_MESSAGES:
        assert re.fullmatch(r"[A-Z][A-Za-z]+", message.name)
        for field in message.fields:
            assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", field.name), field.full_name
            if field.is_repeated and field.message_type is None:
                assert field.name.endswith(("s", "es")) or field.name == "values", field.full_name
            stamp = field.message_type is not None and field.message_type.full_name == "google.protobuf.Timestamp"
            if stamp:
                assert field.name.endswith(("_time", "time_value")), field.full_name


def test_enum_values_say_their_enum_and_begin_with_unspecified() -> None:
    seen = 0
    for file in FILES:
        for enum in file.enum_types_by_name.values():
            prefix = re.sub(r"(?<!^)(?=[A-Z])", "_", enum.name).upper()
            assert enum.values_by_number[0].name == f"{prefix}_UNSPECIFIED"
            assert all(value.name.startswith(f"{prefix}_") for value in enum.values)
            seen += 1
    assert seen >= 4


def test_field_numbers_have_no_holes() -> None:
    """Nothing was ever taken out; once something is, its number is reserved, and this test is told of it."""
    for message in ALL_MESSAGES:
        numbers = sorted(field.number for field in message.fields)
        assert numbers == list(range(1, len(numbers) + 1)), message.full_name


@pytest.mark.parametrize("path", PROTOS, ids=lambda path: path.stem)
def test_services_messages_and_calls_are_explained(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        declared = re.match(r"\s*(service|rpc|message|enum)\s+(\w+)", line)
        if declared is None or (declared[2].endswith(("Request", "Response")) and declared[1] == "message"):
            continue
        if declared[2] == "NoticeKind":
            continue  # its values say it all
        assert lines[number - 1].strip().startswith("//"), f"{path.name}:{number + 1}: {declared[2]} has no comment"
