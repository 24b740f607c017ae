"""However reports are delivered (twice, out of order, in part, by a collector that restarts), what is stored and judged
is the same as when each came once, in order.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from keuring_collector.ingest.writer import DUPLICATE, OUT_OF_ORDER, QUARANTINED, STORED, WritePath
from keuring_collector.store.connection import connect
from tests.faults import scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring.report.v1 import report_pb2
    from keuring_collector.rulepack import RulePack

EXAMPLES = int(os.environ.get("KEURING_FAULT_EXAMPLES", "16"))


class Delivery(RuleBasedStateMachine):
    """One machine and the collector that its reports reach by a bad road."""

    url = ""
    pack: RulePack

    def __init__(self) -> None:
        super().__init__()
        self.path = WritePath(self.url, self.pack)
        connection = connect(self.url)
        self.endpoint = scenario.new_endpoint(connection)
        connection.close()
        self.epoch = 1
        self.offset = 0  # windows of earlier spools
        self.taken = 0  # of this spool
        self.accepted: list[report_pb2.Report] = []
        self.aside = 0

    def _send(self, sequences: list[int]) -> None:
        reports = [scenario.made(sequence, self.epoch, self.offset) for sequence in sequences]
        answers = self.path.write([scenario.received(self.endpoint, message) for message in reports])
        assert len(answers) == len(reports)
        for message, answer in zip(reports, answers, strict=True):
            assert (answer.epoch, answer.sequence) == (self.epoch, message.sequence)
            if message.sequence == self.taken + 1:
                assert answer.disposition == STORED
                self.taken += 1
                self.accepted.append(message)
            elif message.sequence <= self.taken:
                assert answer.disposition == DUPLICATE
            else:
                assert answer.disposition == OUT_OF_ORDER
                assert answer.expected == self.taken + 1

    @rule(count=st.integers(1, 9))
    def deliver(self, count: int) -> None:
        self._send(list(range(self.taken + 1, self.taken + 1 + count)))

    @rule(back=st.integers(1, 12), count=st.integers(1, 14))
    def deliver_again_and_perhaps_on(self, back: int, count: int) -> None:
        first = max(1, self.taken + 1 - back)
        self._send(list(range(first, first + count)))

    @rule(ahead=st.integers(1, 5), count=st.integers(1, 3))
    def deliver_too_early(self, ahead: int, count: int) -> None:
        first = self.taken + 1 + ahead
        self._send(list(range(first, first + count)))

    @rule(data=st.data())
    def deliver_a_shuffled_handful(self, data: st.DataObject) -> None:
        near = list(range(max(1, self.taken - 2), self.taken + 4))
        self._send(data.draw(st.lists(st.sampled_from(near), min_size=1, max_size=8)))

    @rule()
    def collector_is_killed(self) -> None:
        scenario.crash(self.path)
        self.path = WritePath(self.url, self.pack)

    @rule()
    def collector_restarts(self) -> None:
        self.path.close()
        self.path = WritePath(self.url, self.pack)

    @precondition(lambda self: self.taken > 0)
    @rule()
    def machine_gets_a_new_spool(self) -> None:
        self.offset += self.taken
        self.epoch, self.taken = self.epoch + 1, 0

    @precondition(lambda self: self.epoch > 1)
    @rule(data=st.data())
    def something_of_an_old_spool_comes_late(self, data: st.DataObject) -> None:
        known = [message for message in self.accepted if message.spool_epoch < self.epoch]
        # The collector learns of a new spool by its first report; until then the old one is still current.
        if not known or not self.taken:
            return
        old = data.draw(st.sampled_from(known))
        (answer,) = self.path.write([scenario.received(self.endpoint, old)])
        assert answer.disposition == DUPLICATE
        beyond = scenario.made(max(m.sequence for m in known if m.spool_epoch == old.spool_epoch) + 1, old.spool_epoch)
        (answer,) = self.path.write([scenario.received(self.endpoint, beyond)])
        assert answer.disposition == QUARANTINED

    def teardown(self) -> None:
        self.path.close()
        assert scenario.stored(self.url, self.endpoint) == self._once_in_order()

    def _once_in_order(self) -> scenario.Stored:
        connection = connect(self.url)
        twin = scenario.new_endpoint(connection)
        connection.close()
        path = WritePath(self.url, self.pack)
        for message in self.accepted:
            path.write([scenario.received(twin, message)])
        path.close()
        return scenario.stored(self.url, twin)


@pytest.fixture
def machine(migrated_url: str) -> Iterator[type[Delivery]]:
    class OnThisDatabase(Delivery):
        url = migrated_url
        pack = scenario.pack()

    yield OnThisDatabase  # noqa: PT022 - hypothesis names the class in its report


def test_any_delivery_ends_as_once_in_order(machine: type[Delivery]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=15,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_scenario_opens_and_closes_tickets(migrated_url: str) -> None:
    """Without this the comparison above might compare nothing."""
    connection = connect(migrated_url)
    endpoint = scenario.new_endpoint(connection)
    connection.close()
    path = WritePath(migrated_url, scenario.pack())
    path.write([scenario.received(endpoint, scenario.made(sequence)) for sequence in range(1, 25)])
    path.close()
    found = scenario.stored(migrated_url, endpoint)
    assert len(found.journal) == 24
    kinds = [row[1] for row in found.history]
    assert kinds.count("opened") == 1
    assert kinds.count("closed_itself") >= 2
    assert kinds.count("reopened") >= 1
    assert found.facts
    assert found.events
