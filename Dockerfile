# Ranks and pools in a container: `vllm-bridge serve` by default, `vllm-bridge join ...` for a rank.
#
#     docker build -t vllm-distributed .
#     docker run --shm-size=1g --pids-limit 4096 -v /run/vllm:/run/vllm vllm-distributed
#
# Ranks exchange tensors in /dev/shm: 20 MiB for each group, where a container has 64 MiB unless it is told. A
# rank has about 40 threads, so that a limit of processes (TasksMax of systemd) below 4096 is soon too low.
#
#     docker build -t vllm-distributed --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 .
#
# docs/clusters.md has Kubernetes manifests that use it.
ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
# Where torch comes from: the build without CUDA is a tenth of the size.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
WORKDIR /src
RUN python -m venv /opt/vllm
# A layer of its own: it is large, and changes seldom.
RUN /opt/vllm/bin/pip install --no-cache-dir --index-url "${TORCH_INDEX}" "torch>=2.8"
COPY pyproject.toml README.md CHANGELOG.md LICENSE ./
COPY distributed distributed
COPY bridge bridge
COPY proto proto
RUN /opt/vllm/bin/pip install --no-cache-dir ".[ray]"

FROM python:${PYTHON}-slim
COPY --from=build /opt/vllm /opt/vllm
ENV PATH=/opt/vllm/bin:$PATH
# Ranks have no business with more: see docs/security.md.
RUN useradd --create-home --uid 1000 vllm && install --directory --owner=1000 --mode=0700 /run/vllm
USER 1000
WORKDIR /home/vllm
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["vllm-bridge", "status", "--connect", "unix:/run/vllm/pool.sock"]
ENTRYPOINT ["vllm-bridge"]
CMD ["serve", "--listen", "unix:/run/vllm/pool.sock"]
