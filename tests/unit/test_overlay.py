"""vLLM's own modules replaced by ours, all others left: with a package that is laid out as vLLM.

Every test is a process of its own: an overlay stays. `make test-vllm` does the same with vLLM.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import vllm_distributed

SOURCE = Path(vllm_distributed.__file__).parents[1]

# What matters of vLLM: where its modules are, what they import of each other and in which order.
FILES = {
    "__init__.py": "__version__ = '0.40.0'\nLLM = 'real'\n",
    "logger.py": """
        import logging, sys
        log = logging.getLogger("vllm")
        log.setLevel("INFO")
        log.addHandler(logging.StreamHandler(sys.stdout))
    """,
    "plugins.py": """
        from importlib.metadata import entry_points
        def load():
            for plugin in entry_points(group="vllm.general_plugins"):
                plugin.load()()
    """,
    "config/__init__.py": """
        import vllm.logger
        from vllm.config.parallel import EPLBConfig, ParallelConfig
        current = None
        def get_current_vllm_config_or_none():
            return current
    """,
    "config/parallel.py": """
        from dataclasses import dataclass
        from typing import Literal
        from vllm.distributed.utils import get_pp_indices
        EPLBPolicyOption = Literal["default", "of this version"]
        @dataclass
        class EPLBConfig:
            window_size: int = 1000
        @dataclass
        class ParallelConfig:
            tensor_parallel_size: int = 1
            data_parallel_size: int = 1
    """,
    "distributed/__init__.py": "from .parallel_state import *\nfrom .utils import *\n",
    "distributed/parallel_state.py": """
        _TP = None
        def get_tp_group():
            return 'real'
        def made_last_week(anything):
            return 'real'
        class NewThing:
            pass
    """,
    "distributed/utils.py": """
        import pickle
        def get_pp_indices(layers, rank, size):
            return 'real'
    """,
    "distributed/communication_op.py": "",
    "distributed/kv_transfer.py": """
        from vllm.distributed.parallel_state import get_tp_group, made_last_week
        from vllm.distributed.utils import pickle
        from .device_communicators.all2all import Manager
    """,
    "distributed/device_communicators/__init__.py": "",
    "distributed/device_communicators/base_device_communicator.py": """
        class Cache:
            pass
        class All2AllManagerBase:
            pass
        class DeviceCommunicatorBase:
            pass
    """,
    "distributed/device_communicators/all2all.py": """
        from .base_device_communicator import All2AllManagerBase, Cache, DeviceCommunicatorBase
        class Manager(All2AllManagerBase):
            pass
    """,
    "distributed/device_communicators/shm_broadcast.py": """
        class MessageQueue:
            pass
    """,
    "outputs.py": """
        import enum
        from dataclasses import dataclass, field
        from typing import NamedTuple
        import torch
        class Status(str, enum.Enum):
            DONE = "done"
        class Pair(NamedTuple):
            first: int
            second: torch.Tensor
        @dataclass
        class Output:
            tokens: list
            status: Status
            pairs: dict = field(default_factory=dict)
            def __post_init__(self):
                assert self.tokens, "not run again where it is received"
        @dataclass
        class Lone:
            value: object
        class Engine:
            pass
    """,
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder to put on the path, with such a package."""
    for name, text in FILES.items():
        path = tmp_path / "vllm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return tmp_path


def run(program: str, site: Path, **environment: str) -> str:
    installed = site / "installed"  # the folder of packages that an installation puts the file in
    installed.mkdir(exist_ok=True)
    shutil.copy(SOURCE / "vllm_distributed_overlay.pth", installed)
    (site / "sitecustomize.py").write_text(f"import site; site.addsitedir({str(installed)!r})")
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
        env={
            **{key: text for key, text in os.environ.items() if "OVERLAY" not in key},
            "PYTHONPATH": f"{site}{os.pathsep}{SOURCE}",
            **environment,
        },
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("done\n"), "the program did not reach its end"
    return finished.stdout


INSTALLED = "import vllm_distributed as vd\nvd.install_into_vllm()\n"


def test_the_groups_are_ours_and_all_else_is_vllms_own(site: Path) -> None:
    said = run(
        INSTALLED
        + textwrap.dedent("""
        import vllm.config, vllm.distributed as d
        from vllm.config import ParallelConfig
        from vllm.distributed import parallel_state, utils
        from vllm.distributed.device_communicators import all2all
        from vllm.distributed.device_communicators.shm_broadcast import Handle, MessageQueue
        assert vllm.LLM == "real"
        assert vllm.config.__file__.endswith("vllm/config/__init__.py")
        assert parallel_state.get_tp_group is vd.get_tp_group is d.get_tp_group
        assert utils.get_pp_indices(4, 0, 2) == (0, 2)
        assert ParallelConfig is vd.ParallelConfig and MessageQueue is vd.MessageQueue
        from typing import get_args
        from vllm.config.parallel import EPLBPolicyOption
        assert get_args(EPLBPolicyOption) == ("default", "of this version")
        assert Handle is not vd.Handle and parallel_state.Handle is vd.Handle
        assert all2all.DeviceCommunicatorBase is vd.DeviceCommunicatorBase
        assert all2all.Manager.__mro__[1].__module__.endswith("base_device_communicator")
        assert all2all.__file__.startswith(vllm.config.__file__.rpartition("/config/")[0])
        import vllm.distributed.kv_transfer as kv
        assert d.kv_transfer is kv and not hasattr(vd, "kv_transfer")
        import pickle
        assert kv.pickle is pickle and kv.get_tp_group is vd.get_tp_group
        print("done")
        """),
        site,
    )
    lines = [line for line in said.splitlines() if "replaces" in line]
    assert len(lines) == 1
    for name in ("vllm.config.parallel, ", "shm_broadcast", "All2AllManagerBase, Cache", "pickle"):
        assert name in lines[0]
    assert "stateless_coordinator" not in lines[0], "this vLLM has none"


def test_flags_can_be_made_of_the_types_of_the_fields(site: Path) -> None:
    run(
        INSTALLED
        + textwrap.dedent("""
        from dataclasses import fields
        from typing import Any, Literal, Optional
        from vllm.config import EPLBConfig, ParallelConfig
        types = {field.name: field.type for field in fields(ParallelConfig) + fields(EPLBConfig)}
        assert not {name for name, kind in types.items() if isinstance(kind, str)}
        assert types["tensor_parallel_size"] is int
        assert types["numa_bind_nodes"] == Optional[list[int]]
        assert types["distributed_executor_backend"] == Optional[Any]
        assert types["eplb_config"] is EPLBConfig
        assert types["policy"] == Literal["default", "of this version"]
        assert types["dcp_comm_backend"] == Optional[Literal["ag_rs", "a2a"]]
        assert ParallelConfig(tensor_parallel_size=2).world_size == 2
        print("done")
        """),
        site,
    )


def test_an_engine_can_make_its_configuration_that_of_one_replica_field_by_field(
    site: Path,
) -> None:
    run(
        INSTALLED
        + textwrap.dedent("""
        from vllm.config import ParallelConfig
        config = ParallelConfig(data_parallel_size=2, data_parallel_size_local=2)
        config.data_parallel_rank = 1
        config.data_parallel_size = 1
        config.data_parallel_size_local = 1
        config.data_parallel_rank = 0
        for broken in (dict(data_parallel_size_local=2), dict(data_parallel_size=0)):
            try:
                ParallelConfig(**broken)
            except ValueError:
                continue
            raise SystemExit(f"{broken} was taken")
        try:
            config.data_parallel_size = 0
        except ValueError:
            print("done")
        """),
        site,
    )


def test_names_of_a_later_vllm_fail_when_they_are_used(site: Path) -> None:
    run(
        INSTALLED
        + textwrap.dedent("""
        from vllm.distributed.parallel_state import made_last_week
        try:
            made_last_week(1)
        except NotImplementedError as error:
            assert "parallel_state.made_last_week" in str(error)
            assert "VLLM_DISTRIBUTED_OVERLAY" in str(error)
        else:
            raise SystemExit("not refused")
        try:
            from vllm.distributed.parallel_state import NewThing
        except ImportError:
            print("done")
        """),
        site,
    )


def test_a_configuration_with_fields_that_ours_has_not_stays(site: Path) -> None:
    path = site / "vllm" / "config" / "parallel.py"
    path.write_text(path.read_text() + "    from_the_future: int = 3\n    rank: int = 0\n")
    said = run(
        INSTALLED
        + textwrap.dedent("""
        import vllm.config
        from vllm_distributed.config import get_current_parallel_config_or_none as current
        assert vllm.config.ParallelConfig is not vd.ParallelConfig
        assert vllm.config.ParallelConfig(from_the_future=4).from_the_future == 4
        assert current() is None
        class Whole:
            parallel_config = vllm.config.ParallelConfig(tensor_parallel_size=2)
        vllm.config.current = Whole()
        assert current().tensor_parallel_size == 2
        assert current().cpu_distributed_timeout_seconds is None, "the default of ours"
        assert not hasattr(current(), "nothing")
        with vd.set_current_parallel_config(vd.ParallelConfig()):
            assert current().tensor_parallel_size == 1
        print("done")
        """),
        site,
    )
    assert "vllm.config.parallel (ours has no from_the_future)" in said


def test_the_environment_does_it_in_processes_that_call_nothing(site: Path) -> None:
    """Such as `vllm serve`."""
    program = """
        import sys
        assert "vllm_distributed" not in sys.modules, "it costs nothing before it is needed"
        import vllm.distributed
        assert "vllm_distributed" in sys.modules
        import vllm.config
        from vllm_distributed.compat import overlay
        import vllm_distributed as vd
        assert vllm.distributed.get_tp_group is vd.get_tp_group
        assert vllm.config.ParallelConfig is vd.ParallelConfig
        vd.install_into_vllm()
        overlay.check()
        print("done")
    """
    said = run(program, site, VLLM_DISTRIBUTED_OVERLAY="1")
    assert said.count("replaces") == 1
    again = run(program, site, VLLM_DISTRIBUTED_OVERLAY="1", VLLM_DISTRIBUTED_OVERLAY_SAID="1")
    assert "replaces" not in again, "a worker has it from its parent"


def test_forked_and_spawned_workers_have_it_too(site: Path) -> None:
    (site / "worker.py").write_text(
        textwrap.dedent("""
        def work():
            import vllm.plugins
            import vllm.distributed as d
            import vllm_distributed as vd
            vllm.plugins.load()
            assert d.get_tp_group is vd.get_tp_group
        """)
    )
    run(
        """
        import multiprocessing, os
        import vllm_distributed as vd
        from worker import work
        vd.install_into_vllm()
        assert os.environ["VLLM_DISTRIBUTED_OVERLAY"] == "1"
        for method in ("fork", "spawn"):
            worker = multiprocessing.get_context(method).Process(target=work)
            worker.start()
            worker.join()
            assert worker.exitcode == 0, method
        print("done")
        """,
        site,
    )


def test_a_process_that_was_left_out_is_refused(site: Path) -> None:
    run(
        """
        import os
        import vllm.distributed
        from vllm_distributed.compat import overlay
        overlay.check()
        os.environ[overlay.SETTING] = "1"
        try:
            overlay.check()
        except RuntimeError as error:
            assert "vllm_distributed_overlay.pth" in str(error) and "pip" in str(error)
            print("done")
        """,
        site,
    )


def test_refused_where_it_comes_too_late_or_there_is_no_vllm(site: Path, tmp_path: Path) -> None:
    late = """
        import sys
        import vllm.distributed.parallel_state
        import vllm_distributed as vd
        finders = list(sys.meta_path)
        try:
            vd.install_into_vllm()
        except vd.DistributedError as error:
            assert error.reason == "environment_conflict"
            assert "before anything imports vllm" in str(error)
            assert sys.meta_path == finders
            print("done")
    """
    run(late, site)
    nothing = """
        import vllm_distributed as vd
        try:
            vd.install_into_vllm()
        except ImportError as error:
            assert "vLLM is not installed" in str(error) and "install_as_vllm" in str(error)
        vd.install_as_vllm()
        try:
            vd.install_into_vllm()
        except vd.DistributedError as error:
            assert "call one of the two" in str(error)
            print("done")
    """
    empty = tmp_path / "empty"
    empty.mkdir()
    run(nothing, empty)


def test_data_classes_of_vllm_travel_and_no_others(site: Path) -> None:
    run(
        INSTALLED
        + textwrap.dedent("""
        import torch
        import vllm.config
        from vllm.outputs import Engine, Lone, Output, Pair, Status
        from vllm_distributed.errors import EncodingError
        from vllm_distributed.wire.object_codec import decode, encode
        sent = Output([1, 2], Status.DONE, {"a": Pair(3, torch.ones(2))})
        got = decode(encode(("execute", (sent,), {"b": Lone([sent])}, 0)))
        there = got[1][0]
        assert type(there) is Output and there.tokens == [1, 2] and there.status is Status.DONE
        assert type(there.pairs["a"]) is Pair and there.pairs["a"].second.tolist() == [1.0, 1.0]
        assert type(got[2]["b"]) is Lone and got[2]["b"].value[0].tokens == [1, 2]
        empty = Output([1], Status.DONE)
        empty.tokens = []
        assert decode(encode(empty)).tokens == []
        for refused in (Engine(), Lone(Engine())):
            try:
                encode(refused)
            except EncodingError as error:
                assert "vllm.outputs.Engine" in str(error)
            else:
                raise SystemExit("not refused")
        for name in ("vllm.outputs.Engine", "vllm.outputs.torch", "vllm.no.such", "os.system",
                     "vllm.outputs.Lone.__init__", "vllm.distributed.GroupCoordinator"):
            frame = encode(Lone(1)).replace(b"vllm.outputs.Lone", name.encode())
            try:
                decode(frame)
            except EncodingError:
                continue
            raise SystemExit(name)
        print("done")
        """),
        site,
    )
