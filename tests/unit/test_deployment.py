"""What docs/clusters.md and the Dockerfile hand to people: read by the rules of those who run it.

There is no cluster and no docker where the tests run. The models below hold the fields that the
manifests use, as the custom resource definitions of LeaderWorkerSet v1 and JobSet v1alpha2 and the
pod of Kubernetes v1 have them; any other field is refused, so that a typing error is, too.
"""

from __future__ import annotations

import configparser
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vllm_bridge.cli.command import parser

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/clusters.md").read_text()

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
Port = Annotated[int, Field(ge=1, le=65535)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Strict):
    name: Name


class FieldRef(Strict):
    fieldPath: Literal["status.podIP", "status.hostIP", "metadata.name"]


class ValueFrom(Strict):
    fieldRef: FieldRef


class Variable(Strict):
    name: str
    value: str | None = None
    valueFrom: ValueFrom | None = None


class ContainerPort(Strict):
    containerPort: Port


class Mount(Strict):
    name: Name
    mountPath: str
    readOnly: bool = False


class Resources(Strict):
    limits: dict[str, str]


class Container(Strict):
    name: Name
    image: str
    args: list[str] = []
    env: list[Variable] = []
    ports: list[ContainerPort] = []
    resources: Resources | None = None
    volumeMounts: list[Mount] = []


class Secret(Strict):
    secretName: Name
    defaultMode: int


class Volume(Strict):
    name: Name
    secret: Secret


class SecurityContext(Strict):
    fsGroup: int


class PodSpec(Strict):
    containers: list[Container] = Field(min_length=1)
    restartPolicy: Literal["Always", "OnFailure", "Never"] = "Always"
    securityContext: SecurityContext | None = None
    volumes: list[Volume] = []

    @model_validator(mode="after")
    def _mounts_what_it_has(self) -> PodSpec:
        there = {volume.name for volume in self.volumes}
        for container in self.containers:
            for mount in container.volumeMounts:
                if mount.name not in there:
                    raise ValueError(f"{container.name} mounts {mount.name}, which is no volume")
        return self


class Pod(Strict):
    spec: PodSpec


class LeaderWorkerTemplate(Strict):
    size: int = Field(ge=1)
    restartPolicy: Literal["RecreateGroupOnPodRestart", "RecreateGroupAfterStart", "None"]
    leaderTemplate: Pod | None = None
    workerTemplate: Pod


class LeaderWorkerSetSpec(Strict):
    replicas: int = Field(ge=0)
    leaderWorkerTemplate: LeaderWorkerTemplate


class LeaderWorkerSet(Strict):
    apiVersion: Literal["leaderworkerset.x-k8s.io/v1"]
    kind: Literal["LeaderWorkerSet"]
    metadata: Metadata
    spec: LeaderWorkerSetSpec


class JobSpec(Strict):
    completionMode: Literal["Indexed", "NonIndexed"] = "NonIndexed"
    completions: int = Field(1, ge=1)
    parallelism: int = Field(1, ge=1)
    backoffLimit: int = Field(6, ge=0)
    template: Pod

    @model_validator(mode="after")
    def _pods_of_a_job_are_not_always_restarted(self) -> JobSpec:
        if self.template.spec.restartPolicy == "Always":
            raise ValueError("restartPolicy of a job's pod must be OnFailure or Never")
        return self


class JobTemplate(Strict):
    spec: JobSpec


class ReplicatedJob(Strict):
    name: Name
    replicas: int = Field(ge=1)
    template: JobTemplate


class Network(Strict):
    enableDNSHostnames: bool
    subdomain: Name


class SuccessPolicy(Strict):
    operator: Literal["All", "Any"]
    targetReplicatedJobs: list[Name]


class JobSetSpec(Strict):
    network: Network
    successPolicy: SuccessPolicy
    replicatedJobs: list[ReplicatedJob]


class JobSet(Strict):
    apiVersion: Literal["jobset.x-k8s.io/v1alpha2"]
    kind: Literal["JobSet"]
    metadata: Metadata
    spec: JobSetSpec


MODELS: dict[str, type[Strict]] = {"LeaderWorkerSet": LeaderWorkerSet, "JobSet": JobSet}


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


MANIFESTS = {document["kind"]: document for document in map(yaml.safe_load, blocks("yaml"))}


def manifest(kind: str) -> Any:
    return MODELS[kind].model_validate(MANIFESTS[kind])


def arguments(container: Container) -> dict[str, str]:
    return dict(
        argument.removeprefix("--").split("=", 1)
        for argument in container.args
        if argument.startswith("--")
    )


def test_there_is_a_manifest_of_each_kind() -> None:
    assert set(MANIFESTS) == set(MODELS)


@pytest.mark.parametrize("kind", MODELS)
def test_a_manifest_has_the_fields_of_its_kind(kind: str) -> None:
    manifest(kind)


@pytest.mark.parametrize("kind", MODELS)
def test_a_field_that_there_is_none_of_is_seen(kind: str) -> None:
    with pytest.raises(ValidationError, match="extra"):
        MODELS[kind].model_validate({**MANIFESTS[kind], "specs": {}})


def test_ranks_of_the_leader_worker_set_find_their_pool() -> None:
    template = manifest("LeaderWorkerSet").spec.leaderWorkerTemplate
    pool, leader = template.leaderTemplate.spec.containers
    (worker,) = template.workerTemplate.spec.containers
    port = arguments(pool)["join"].rpartition(":")[2]
    for rank in (leader, worker):
        assert rank.args[0] == "join"
        assert arguments(rank)["pool"] == f"$(LWS_LEADER_ADDRESS):{port}"
    assert int(port) in [opened.containerPort for opened in pool.ports]


def test_ranks_of_the_job_set_find_their_pool() -> None:
    job_set = manifest("JobSet")
    pool, ranks = job_set.spec.replicatedJobs
    (served,) = pool.template.spec.template.spec.containers
    (rank,) = ranks.template.spec.template.spec.containers
    host = f"{job_set.metadata.name}-{pool.name}-0-0.{job_set.spec.network.subdomain}"
    port = arguments(served)["join"].rpartition(":")[2]
    assert arguments(rank)["pool"] == f"{host}:{port}"
    assert job_set.spec.successPolicy.targetReplicatedJobs == [ranks.name]
    assert ranks.template.spec.completionMode == "Indexed"
    assert ranks.template.spec.completions == ranks.template.spec.parallelism


@pytest.mark.parametrize("kind", MODELS)
def test_no_pool_listens_on_every_interface(kind: str) -> None:
    text = yaml.safe_dump(MANIFESTS[kind])
    assert "--listen=$(POD_IP):" in text
    assert "0.0.0.0" not in text


def test_scripts_are_read_by_a_shell() -> None:
    scripts = blocks("sh")
    assert len(scripts) >= 6
    for script in scripts:
        read = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True)
        assert (read.returncode, read.stderr) == (0, ""), script


def commands() -> list[list[str]]:
    """The arguments of `vllm-bridge` wherever it is called: in scripts and in containers."""
    lines = "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    called = [line[line.index("vllm-bridge ") :] for line in lines if "vllm-bridge " in line]
    found = [shlex.split(line.rstrip("& "))[1:] for line in called]
    template = manifest("LeaderWorkerSet").spec.leaderWorkerTemplate
    pods = [template.leaderTemplate.spec, template.workerTemplate.spec]
    pods += [job.template.spec.template.spec for job in manifest("JobSet").spec.replicatedJobs]
    return found + [container.args for pod in pods for container in pod.containers]


@pytest.mark.parametrize("arguments", commands(), ids=" ".join)
def test_a_command_has_options_that_there_are(arguments: list[str]) -> None:
    # Values that only a shell knows are no numbers.
    known = [argument.replace("$i", "0") for argument in arguments]
    assert parser().parse_args(known).run


# --- the image ---------------------------------------------------------------------------------

DOCKERFILE = ROOT / "Dockerfile"
INSTRUCTIONS = {
    *("ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "FROM", "HEALTHCHECK", "RUN", "USER", "WORKDIR")
}


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def test_a_dockerfile_has_instructions_that_there_are() -> None:
    read = instructions()
    assert {word for word, _ in read} <= INSTRUCTIONS
    stages = [rest for word, rest in read if word == "FROM"]
    assert len(stages) == 2
    assert stages[0].endswith(" AS build")
    # Everything before the first stage is an argument of the stages.
    assert [word for word, _ in read[: read.index(("FROM", stages[0]))]] == ["ARG"]
    for word, rest in read:
        if word == "RUN":
            parsed = subprocess.run(["bash", "-n"], input=rest, text=True, capture_output=True)
            assert parsed.returncode == 0, parsed.stderr
        if word in ("CMD", "ENTRYPOINT"):
            assert yaml.safe_load(rest), f"{word} is no list"


def copied() -> list[str]:
    return [
        name
        for word, rest in instructions()
        if word == "COPY" and not rest.startswith("--from=")
        for name in rest.split()[:-1]
    ]


def test_an_image_has_what_the_package_is_built_from() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    build = project["tool"]["hatch"]["build"]
    wanted = {"pyproject.toml", project["project"]["readme"], *build["dev-mode-dirs"]}
    wanted |= {name.split("/")[0] for name in build["targets"]["wheel"]["packages"]}
    assert wanted <= set(copied())
    assert "ray" in project["project"]["optional-dependencies"]


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    assert ignore[1] == "*"
    open_names = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert set(copied()) == open_names
    for name in copied():
        assert (ROOT / name).exists(), name


def test_an_image_runs_as_a_user_of_its_own_and_starts_the_command() -> None:
    read = instructions()
    users = [rest for word, rest in read if word == "USER"]
    assert users == ["1000"]
    assert ("ENTRYPOINT", '["vllm-bridge"]') in read
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "vllm-bridge" in project["project"]["scripts"]


def test_an_image_asks_its_server_how_it_is() -> None:
    (check,) = [rest for word, rest in instructions() if word == "HEALTHCHECK"]
    (serve,) = [yaml.safe_load(rest) for word, rest in instructions() if word == "CMD"]
    command = yaml.safe_load(check.partition(" CMD ")[2])
    assert command[0] == "vllm-bridge"
    asked, served = parser().parse_args(command[1:]), parser().parse_args(serve)
    assert asked.connect == served.listen == "unix:/run/vllm/pool.sock"


# --- systemd -----------------------------------------------------------------------------------

UNIT = ROOT / "deploy" / "vllm-bridge.service"
DIRECTIVES = {
    "Unit": {"Description", "Documentation", "After", "Wants"},
    "Service": {
        *("Type", "User", "RuntimeDirectory", "RuntimeDirectoryMode", "ExecStart", "Restart"),
        *("KillMode", "TimeoutStopSec", "TasksMax", "MemoryMax", "LimitNOFILE"),
        *("NoNewPrivileges", "ProtectSystem", "ProtectHome"),
    },
    "Install": {"WantedBy"},
}


def test_the_unit_of_systemd_starts_what_there_is() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(UNIT)
    assert {section: set(unit[section]) for section in unit.sections()} == DIRECTIVES
    service = unit["Service"]
    program, *arguments = shlex.split(service["ExecStart"])
    assert Path(program).name == "vllm-bridge"
    given = parser().parse_args(arguments)
    assert given.run
    # In the directory that systemd makes for it.
    assert given.listen.startswith(f"unix:/run/{service['RuntimeDirectory']}/")
    assert int(service["TimeoutStopSec"]) > 10
    assert int(service["TasksMax"]) >= 4096


def test_every_package_has_the_same_version() -> None:
    import vllm_distributed
    from vllm_bridge.version import __version__

    assert vllm_distributed.__version__ == __version__
    for file, form in (("pyproject.toml", 'version = "{}"'), ("mix.exs", '@version "{}"')):
        assert form.format(__version__) in (ROOT / file).read_text()
    adapter = ROOT / "elixir_client" / "snakepit_adapter" / "mix.exs"
    assert f'@version "{__version__}"' in adapter.read_text()
