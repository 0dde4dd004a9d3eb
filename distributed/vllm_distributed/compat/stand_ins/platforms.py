"""`vllm.platforms`: the platform of this process, as far as groups ask for it."""

from __future__ import annotations

import torch

__all__ = ["Platform", "current_platform"]


class Platform:
    """CUDA where torch has a device, else the CPU."""

    @property
    def device_type(self) -> str:
        """The kind of device that tensors are on."""
        return "cuda" if torch.cuda.is_available() else "cpu"

    @property
    def device_name(self) -> str:
        """The same, as vLLM's tests name devices."""
        return self.device_type

    @property
    def dist_backend(self) -> str:
        """The backend of torch.distributed for such tensors."""
        return "nccl" if self.is_cuda() else "gloo"

    def is_cuda(self) -> bool:
        """Whether the platform is CUDA."""
        return self.device_type == "cuda" and torch.version.hip is None

    def is_rocm(self) -> bool:
        """Whether the platform is ROCm."""
        return self.device_type == "cuda" and torch.version.hip is not None

    def is_cuda_alike(self) -> bool:
        """Whether the platform is CUDA or ROCm."""
        return self.device_type == "cuda"

    def is_cpu(self) -> bool:
        """Whether the platform is the CPU."""
        return self.device_type == "cpu"

    def is_tpu(self) -> bool:
        """Whether the platform is a TPU: never."""
        return False

    def is_xpu(self) -> bool:
        """Whether the platform is Intel's: never."""
        return False

    def device_count(self) -> int:
        """Return the number of devices; of CPUs, 1."""
        return torch.cuda.device_count() if self.is_cuda_alike() else 1

    def set_device(self, device: torch.device) -> None:
        """Make a device the current one; nothing on the CPU."""
        if self.is_cuda_alike():
            torch.cuda.set_device(device)


current_platform = Platform()
