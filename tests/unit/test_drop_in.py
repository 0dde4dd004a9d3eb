"""vLLM's module names in a process without vLLM: code written against them runs unchanged.

Every test is a process of its own: an installed drop-in stays.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

INSTALLED = "import vllm_distributed as vd\nvd.install_as_vllm()\n"


def python(program: str, *flags: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    lines = textwrap.dedent(program)
    if path is not None:
        lines = f"import sys; sys.path.insert(0, {str(path)!r})\n" + lines
    return subprocess.run(
        [sys.executable, *flags, "-c", lines],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def works(program: str, *flags: str, path: Path | None = None) -> None:
    finished = python(program, *flags, path=path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("done\n"), "the program did not reach its end"


CODE_WRITTEN_AGAINST_VLLM = '''
from datetime import timedelta
import tempfile
import torch
import vllm.distributed.parallel_state as ps
from vllm.config import ParallelConfig
from vllm.config.parallel import EPLBConfig
from vllm.distributed import (
    divide,
    get_pp_group,
    get_tensor_model_parallel_rank,
    get_tensor_model_parallel_world_size,
    get_tp_group,
    split_tensor_along_last_dim,
    tensor_model_parallel_all_gather,
    tensor_model_parallel_all_reduce,
)
from vllm.distributed.communication_op import broadcast_tensor_dict
from vllm.distributed.device_communicators.base_device_communicator import DeviceCommunicatorBase
from vllm.distributed.device_communicators.shm_broadcast import MessageQueue
from vllm.distributed.parallel_state import (
    GroupCoordinator,
    TensorMetadata,
    destroy_distributed_environment,
    destroy_model_parallel,
    ensure_model_parallel_initialized,
    get_world_group,
    in_the_same_node_as,
    init_distributed_environment,
    initialize_model_parallel,
    model_parallel_is_initialized,
)
from vllm.distributed.utils import StatelessProcessGroup, get_pp_indices
from vllm.logger import init_logger

logger = init_logger(__name__)


class ColumnParallelLinear(torch.nn.Module):
    """A layer as vLLM's models have them."""

    def __init__(self, inputs, outputs, gather_output=True):
        super().__init__()
        self.tp_size = get_tensor_model_parallel_world_size()
        self.weight = torch.nn.Parameter(torch.ones(divide(outputs, self.tp_size), inputs))
        self.gather_output = gather_output

    def forward(self, hidden):
        part = torch.nn.functional.linear(hidden, self.weight)
        return tensor_model_parallel_all_gather(part) if self.gather_output else part


def caught(kinds, call, *arguments):
    try:
        call(*arguments)
    except kinds as error:
        return str(error)
    raise SystemExit(f"{call} raised nothing")


# What vLLM raises in the same places: assertions before init, ValueError and RuntimeError else.
caught(AssertionError, get_tp_group)
caught(AssertionError, get_world_group)
caught(AssertionError, initialize_model_parallel)
caught(ValueError, ps.get_pp_indices, 4, 5, 2)
caught(AssertionError, divide, 3, 2)
init_distributed_environment(
    world_size=1,
    rank=0,
    distributed_init_method=f"file://{tempfile.mkdtemp()}/rendezvous",
    local_rank=0,
    backend="gloo",
    timeout=timedelta(seconds=20),
)
caught(RuntimeError, initialize_model_parallel, 2, 1)
ensure_model_parallel_initialized(1, 1)
caught(AssertionError, ensure_model_parallel_initialized, 1, 2)
assert model_parallel_is_initialized() and ps.model_parallel_is_initialized()
assert isinstance(get_tp_group(), GroupCoordinator)
assert isinstance(get_tp_group().device_communicator, DeviceCommunicatorBase)
assert get_tensor_model_parallel_rank() == 0 and get_pp_group().is_first_rank
assert ColumnParallelLinear(3, 4)(torch.ones(2, 3)).tolist() == [[3.0] * 4] * 2
assert tensor_model_parallel_all_reduce(torch.ones(1)).item() == 1
assert broadcast_tensor_dict({"a": 1}, src=0) == {"a": 1}
caught((AssertionError, ValueError), get_tp_group().broadcast, torch.ones(1), 1)
caught(ValueError, get_tp_group().all_gather, torch.ones(1), 3)
assert in_the_same_node_as(get_tp_group().cpu_group, source_rank=0) == [True]
assert TensorMetadata("cpu", torch.int8, torch.Size([1])).dtype is torch.int8
assert [part.item() for part in split_tensor_along_last_dim(torch.ones(2), 2)] == [1, 1]
assert get_pp_indices(4, 1, 2) == (2, 4)
assert ParallelConfig(tensor_parallel_size=2, nnodes=1).world_size == 2
assert EPLBConfig().num_redundant_experts == 0
caught(ValueError, lambda: ParallelConfig(no_such_field=1))
assert callable(MessageQueue.create_from_handle) and callable(StatelessProcessGroup.create)
destroy_model_parallel()
destroy_distributed_environment()
caught(AssertionError, get_tp_group)
print("done")
'''


@pytest.mark.parametrize("flags", [(), ("-O",)], ids=["python", "python -O"])
def test_code_written_against_vllm_runs_unchanged(flags: tuple[str, ...]) -> None:
    works(INSTALLED + CODE_WRITTEN_AGAINST_VLLM, *flags)


def test_the_objects_are_the_same_under_both_names() -> None:
    works(
        INSTALLED
        + textwrap.dedent("""
        import sys
        import vllm.distributed as d
        from vllm.distributed import parallel_state, utils
        assert d.GroupCoordinator is vd.GroupCoordinator is parallel_state.GroupCoordinator
        assert parallel_state.get_tp_group is vd.get_tp_group
        assert sys.modules["vllm.distributed.parallel_state"] is parallel_state
        assert d.parallel_state is parallel_state and d.utils is utils
        for name in vd.__all__:
            assert getattr(d, name) is getattr(vd, name), name
            assert getattr(parallel_state, name) is getattr(vd, name), name
            assert name in dir(d)
        before = set(dir(vd.parallel_state))
        import vllm.config, vllm.config.parallel
        from vllm.config import ParallelConfig as one
        from vllm.config.parallel import ParallelConfig as other
        from vllm_distributed.config import ParallelConfig
        assert one is other is ParallelConfig
        assert vd.parallel_state.__name__ == "vllm_distributed.parallel_state"
        assert set(dir(vd.parallel_state)) == before
        namespace = {}
        exec("from vllm.distributed import *", namespace)
        assert set(vd.__all__) <= set(namespace)
        namespace = {}
        exec("from vllm.distributed.utils import *", namespace)
        assert namespace["divide"] is vd.divide
        print("done")
        """)
    )


def test_attributes_can_be_replaced_and_put_back() -> None:
    works(
        INSTALLED
        + textwrap.dedent("""
        from unittest import mock
        import pytest, torch
        import vllm.distributed.parallel_state as ps
        import vllm_distributed.parallel_state as ours
        import vllm_distributed.communication_op as op

        class Fake:
            world_size = 7
            def all_reduce(self, input_):
                return input_ * 7

        real = ours.get_tp_group
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ps, "get_tp_group", lambda: Fake())
            assert ours.get_tensor_model_parallel_world_size() == 7
            patch.setattr("vllm.distributed.communication_op.get_tp_group", lambda: Fake())
            from vllm.distributed import tensor_model_parallel_all_reduce
            assert tensor_model_parallel_all_reduce(torch.ones(1)).item() == 7
            patch.setattr(ps, "a_new_name", 1, raising=False)
            assert ours.a_new_name == 1
            patch.delattr(ps, "get_pp_group")
            assert not hasattr(ours, "get_pp_group")
        assert ours.get_tp_group is real and op.get_tp_group is real and ps.get_tp_group is real
        assert not hasattr(ours, "a_new_name") and ours.get_pp_group is vd.get_pp_group
        with mock.patch("vllm.distributed.parallel_state.get_world_group", return_value="fake"):
            assert ours.get_world_group() == "fake"
        with mock.patch.object(ps, "in_the_same_node_as", None):
            assert ps.in_the_same_node_as is None
        assert ps.in_the_same_node_as is vd.in_the_same_node_as
        print("done")
        """)
    )


def test_what_is_not_there_says_so() -> None:
    works("""
        import importlib.util
        try:
            import vllm.distributed
        except ModuleNotFoundError:
            pass
        else:
            raise SystemExit("vLLM is installed where these tests run")
        import vllm_distributed as vd
        assert vd.install_as_vllm() is None
        for name in ("vllm.engine", "vllm.distributed.kv_transfer", "vllm.distributed.topology"):
            try:
                __import__(name)
            except ModuleNotFoundError as error:
                assert error.name == name and "vllm.distributed.parallel_state" in str(error)
            else:
                raise SystemExit(name)
        import vllm
        for get in (lambda: vllm.LLM, lambda: vllm.distributed.no_such):
            try:
                get()
            except AttributeError as error:
                assert "vllm_distributed here" in str(error)
            else:
                raise SystemExit("no error")
        try:
            from vllm.distributed.parallel_state import no_such
        except ImportError:
            print("done")
    """)


def test_installing_is_idempotent_and_imports_nothing() -> None:
    works("""
        import sys
        import vllm_distributed as vd
        before = set(sys.modules)
        finders = len(sys.meta_path)
        for _ in range(3):
            vd.install_as_vllm()
        assert set(sys.modules) == before
        assert len(sys.meta_path) == finders + 1
        import vllm.distributed
        first = vllm.distributed
        vd.install_as_vllm()
        import vllm.distributed
        assert vllm.distributed is first
        print("done")
    """)


@pytest.fixture
def real_vllm(tmp_path: Path) -> Path:
    """A folder with a package that has vLLM's name."""
    package = tmp_path / "site" / "vllm"
    (package / "distributed").mkdir(parents=True)
    (package / "__init__.py").write_text("LLM = 'real'\n")
    (package / "distributed" / "__init__.py").write_text("")
    return tmp_path / "site"


def test_refused_where_the_real_one_is_imported(real_vllm: Path) -> None:
    works(
        """
        import sys
        import vllm.distributed
        import vllm_distributed as vd
        finders = list(sys.meta_path)
        for arguments in ((), (True,)):
            try:
                vd.install_as_vllm(*arguments)
            except (RuntimeError, AssertionError) as error:
                assert error.reason == "environment_conflict"
                assert "imported in this process already" in str(error)
                assert vllm.__file__ in str(error)
                assert "before anything imports vllm" in str(error)
            else:
                raise SystemExit("not refused")
        assert sys.meta_path == finders and vllm.LLM == "real"
        print("done")
        """,
        path=real_vllm,
    )


def test_refused_where_the_real_one_is_installed_unless_told_to_hide_it(real_vllm: Path) -> None:
    works(
        """
        import sys
        import vllm_distributed as vd
        try:
            vd.install_as_vllm()
        except vd.DistributedError as error:
            assert "vllm/__init__.py" in str(error) and "uninstall it" in str(error)
            assert "shadow_installed=True" in str(error)
        else:
            raise SystemExit("not refused")
        assert "vllm" not in sys.modules
        vd.install_as_vllm(shadow_installed=True)
        import vllm.distributed
        assert vllm.distributed.get_tp_group is vd.get_tp_group
        assert not hasattr(vllm, "LLM")
        print("done")
        """,
        path=real_vllm,
    )


def test_a_folder_of_that_name_is_not_vllm(tmp_path: Path) -> None:
    (tmp_path / "vllm" / "bridge").mkdir(parents=True)
    works(INSTALLED + "import vllm.distributed\nprint('done')\n", path=tmp_path)


def test_what_code_imports_beside_the_groups() -> None:
    works(
        INSTALLED
        + textwrap.dedent("""
        import os, vllm
        import vllm.envs as envs
        from vllm import __version__
        from vllm.config import (
            ParallelConfig, VllmConfig, get_current_vllm_config_or_none, set_current_vllm_config
        )
        from vllm.distributed.parallel_state import init_distributed_environment
        from vllm.platforms import current_platform
        from vllm.utils import network_utils as net
        from vllm.utils.network_utils import get_distributed_init_method, get_ip, get_open_port
        from vllm.config import KVEventsConfig
        from vllm.distributed.eplb.eplb_communicator import create_eplb_communicator
        from vllm.distributed.elastic_ep.elastic_state import ElasticEPScalingState
        from vllm.distributed.elastic_ep.standby_state import pop_standby_groups
        from vllm.distributed.eplb.async_worker import start_async_worker
        from vllm.distributed.eplb.eplb_state import EplbState, compute_logical_maps
        from vllm.distributed.eplb.policy.default import DefaultEplbPolicy
        from vllm.distributed.eplb.rebalance_execute import rearrange_expert_weights_inplace
        from vllm.config.kv_events import KVEventsConfig as same_config
        from vllm.distributed.kv_events import BlockStored, KVEventAggregator, ZmqEventPublisher
        import vllm_distributed.kv_events as own_events
        from vllm.distributed.device_communicators.shm_object_storage import (
            MsgpackSerde, ShmObjectStorageHandle, SingleWriterShmObjectStorage
        )
        import vllm.distributed.device_communicators as folder
        assert folder.shm_object_storage.MsgpackSerde is MsgpackSerde
        from vllm.config.weight_transfer import WeightTransferConfig
        from vllm.distributed.weight_transfer import WeightTransferEngineFactory
        from vllm.distributed.weight_transfer.base import ParamMeta, ModuleSource, TrainerInitInfo
        from vllm.distributed.weight_transfer.nccl_engine import NCCLTrainerInitInfo
        from vllm.distributed.weight_transfer.packed_tensor import packed_nccl_broadcast_producer
        import vllm_distributed.weight_transfer as own_weights
        assert ParamMeta is own_weights.ParamMeta
        assert issubclass(NCCLTrainerInitInfo, TrainerInitInfo)
        assert KVEventsConfig is same_config and BlockStored is own_events.BlockStored
        assert __version__ == vllm.__version__ and __version__.startswith("0.33")
        assert get_distributed_init_method("::1", 5) == vd.get_distributed_init_method("::1", 5)
        assert 0 < get_open_port() < 65536 and len(set(net.get_open_ports_list(3))) == 3
        assert get_ip() not in ("0.0.0.0", "::")
        assert net.split_host_port(net.join_host_port("::1", 80)) == ("::1", 80)
        os.environ["VLLM_PORT"] = "77"
        assert envs.VLLM_PORT == 77 and not envs.VLLM_BATCH_INVARIANT and envs.VLLM_DP_SIZE == 1
        assert envs.is_set("VLLM_PORT") and not hasattr(envs, "VLLM_NO_SUCH")
        assert current_platform.device_type in ("cpu", "cuda")
        assert current_platform.is_cpu() == (current_platform.dist_backend == "gloo")
        assert get_current_vllm_config_or_none() is None
        config = VllmConfig(parallel_config=ParallelConfig(data_parallel_size=2))
        with set_current_vllm_config(config):
            assert get_current_vllm_config_or_none() is config
            assert vd.get_current_parallel_config_or_none() is config.parallel_config
        assert vd.get_current_parallel_config_or_none() is None
        try:
            from vllm import LLM
        except ImportError as error:
            assert "no engine" in str(error) and "install_into_vllm" in str(error), error
        assert not hasattr(vllm, "LLM")
        print("done")
        """)
    )
