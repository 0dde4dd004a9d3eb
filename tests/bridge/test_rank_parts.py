"""The parts of a rank that need no process: objects, journal, executor."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import torch

from vllm_bridge._generated import types_pb2
from vllm_bridge.codec.errors import BridgeError
from vllm_bridge.rank.executor import Executor
from vllm_bridge.rank.journal import Journal, Record, State
from vllm_bridge.rank.objects import SessionObjects
from vllm_bridge.rank.sessions import RankSessions


class TestObjects:
    def test_the_same_object_keeps_its_ref(self) -> None:
        objects = SessionObjects("s", epoch=0)
        value = object()
        first, second = objects.put(value), objects.put(value)
        assert first == second
        assert len(objects) == 1
        assert objects.get(first) is value

    def test_equal_objects_are_different(self) -> None:
        objects = SessionObjects("s", epoch=0)
        first, second = torch.zeros(2), torch.zeros(2)
        assert objects.put(first).id != objects.put(second).id

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"session_id": "t"}, "foreign_ref"),
            ({"epoch": 4}, "stale_ref"),
            ({"id": "obj-9"}, "unknown_ref"),
        ],
    )
    def test_a_ref_that_is_not_ours_is_refused(
        self, change: dict[str, object], reason: str
    ) -> None:
        objects = SessionObjects("s", epoch=3)
        ref = objects.put([1])
        for name, value in change.items():
            setattr(ref, name, value)
        with pytest.raises(BridgeError) as caught:
            objects.get(ref)
        assert caught.value.reason == reason
        assert not objects.release(ref)
        assert len(objects) == 1

    def test_released_is_gone(self) -> None:
        objects = SessionObjects("s", epoch=0)
        ref = objects.put([1])
        assert objects.release(ref)
        assert not objects.release(ref)
        with pytest.raises(BridgeError, match="was released"):
            objects.get(ref)

    def test_a_full_table_is_an_error_that_names_the_limit(self) -> None:
        objects = SessionObjects("s", epoch=0, limit=2)
        kept = [objects.put([n]) for n in range(2)]
        with pytest.raises(BridgeError, match="already keeps 2 objects") as caught:
            objects.put([3])
        assert caught.value.reason == "too_many_objects"
        objects.release(kept[0])
        objects.put([3])


class TestJournal:
    def test_a_withdrawn_call_never_starts(self) -> None:
        journal, record = Journal(), Record("s", "c", "/m")
        journal.queue(record)
        withdrawn = journal.withdraw("s", "c")
        assert withdrawn is record
        assert record.state is State.WITHDRAWN
        assert not journal.start(record)

    def test_a_running_call_is_not_withdrawn(self) -> None:
        journal, record = Journal(), Record("s", "c", "/m")
        journal.queue(record)
        assert journal.start(record)
        journal.withdraw("s", "c")
        assert record.state is State.RUNNING
        journal.end(record)
        assert record.state is State.FINISHED
        assert journal.withdraw("s", "c") is record

    def test_a_call_that_was_skipped_counts_as_withdrawn(self) -> None:
        journal, record = Journal(), Record("s", "c", "/m")
        journal.queue(record)
        journal.end(record)
        assert record.state is State.WITHDRAWN
        assert journal.active() == []

    def test_another_sessions_call_is_not_found(self) -> None:
        journal = Journal()
        journal.queue(Record("s", "c", "/m"))
        assert journal.withdraw("t", "c") is None

    def test_start_and_withdraw_cannot_both_win(self) -> None:
        for _ in range(300):
            journal, record = Journal(), Record("s", "c", "/m")
            journal.queue(record)
            line, started = threading.Barrier(2), []

            def start(
                journal: Journal = journal,
                record: Record = record,
                line: threading.Barrier = line,
                started: list[bool] = started,
            ) -> None:
                line.wait()
                started.append(journal.start(record))

            thread = threading.Thread(target=start)
            thread.start()
            line.wait()
            journal.withdraw("s", "c")
            thread.join()
            assert started == [record.state is State.RUNNING]


class TestExecutor:
    def test_calls_run_one_at_a_time_in_order(self) -> None:
        journal = Journal()
        executor = Executor(journal)
        order: list[int] = []
        queues = [executor.queue(Record("s", str(n), "/m")) for n in range(50)]
        futures = [queue.submit(order.append, n) for n, queue in enumerate(queues)]
        for future in futures:
            future.result(timeout=5)
        assert order == list(range(50))
        assert not executor.busy

    def test_busy_until_the_call_has_left(self) -> None:
        journal = Journal()
        executor = Executor(journal)
        entered, leave = threading.Event(), threading.Event()

        def work() -> None:
            entered.set()
            assert leave.wait(5)

        future = executor.queue(Record("s", "c", "/m")).submit(work)
        assert entered.wait(5)
        assert executor.busy
        leave.set()
        future.result(timeout=5)
        assert not executor.busy


class TestSessions:
    def test_registered_until_dropped(self) -> None:
        sessions = RankSessions(epoch=0)
        sessions.register("s", fail_fast=False)
        ref = sessions.get("s").objects.put([1])
        sessions.register("s", fail_fast=True)
        assert sessions.get("s").fail_fast
        assert sessions.get("s").objects.get(ref) == [1]
        sessions.drop("s")
        with pytest.raises(BridgeError, match="not open on this rank"):
            sessions.get("s")

    def test_a_session_in_use_is_not_expired(self) -> None:
        sessions = RankSessions(epoch=0)
        sessions.register("s", fail_fast=False)
        sessions.get("s")
        assert not sessions.drop("s", unless_used_within=timedelta(hours=1))
        assert len(sessions) == 1
        assert sessions.drop("s", unless_used_within=timedelta(0))
        assert len(sessions) == 0
        assert sessions.drop("s", unless_used_within=timedelta(hours=1))

    def test_a_call_without_a_session_keeps_nothing(self) -> None:
        sessions = RankSessions(epoch=0)
        sessions.get("").objects.put([1])
        assert sessions.objects() == 0
        assert len(sessions) == 0

    def test_an_unset_ref_is_not_somebodys_object(self) -> None:
        with pytest.raises(BridgeError):
            SessionObjects("s", epoch=0).get(types_pb2.Ref())
