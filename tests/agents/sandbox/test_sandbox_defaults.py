"""What an agent may touch unless somebody says otherwise, tried with a person's home full of secrets."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from sandbox_scene import Outcome, Scene

from agents import paths
from agents.errors import SandboxError
from agents.profiles import SandboxSection, load_profiles
from agents.sandbox import Policy, Runner
from agents.sandbox.defaults import agent_policy, base_environment, hidden_places, reader_policy

SECRETS = (
    ".ssh/id_ed25519", ".gnupg/private-keys-v1.d/key", ".aws/credentials", ".config/gh/hosts.yml", ".netrc",
    ".config/gcloud/access_tokens.db", ".azure/token", ".kube/config", ".docker/config.json", ".git-credentials",
    ".mozilla/firefox/x/logins.json", ".config/google-chrome/Default/Cookies", ".npmrc", ".pypirc",
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path.resolve() / "home"
    for secret in SECRETS:
        (home / secret).parent.mkdir(parents=True, exist_ok=True)
        (home / secret).write_text("PRIVATE")
    (home / ".gitconfig").write_text("[user]\n\tname = A Person\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("SHOPFLOOR_HOME", str(home / ".shopfloor"))
    for folder in (paths.state_dir(), paths.runtime_dir(), paths.config_dir()):
        folder.mkdir(parents=True)
        (folder / "own").write_text("PRIVATE")
    for name in ("data/worktrees/r/t", "cache/c", "state/tasks/t/tmp", "state/tasks/t/git"):
        (home / ".shopfloor" / name).mkdir(parents=True, exist_ok=True)
    return home


def _policy(home: Path, section: SandboxSection | None = None, **more: object) -> Policy:
    own = home / ".shopfloor"
    return agent_policy(
        own / "data/worktrees/r/t",
        temp=own / "state/tasks/t/tmp",
        cache=own / "cache/c",
        profile=section,
        repository=None,
        read=[home],
        **more,  # type: ignore[arg-type]
    )


async def _run(runner: Runner, policy: Policy, *argv: str) -> Outcome:
    scene = Scene.__new__(Scene)
    scene.runner, scene.policy, scene._started = runner, policy, []
    try:
        return await scene.execute(*argv)
    finally:
        await scene.close()


async def test_no_secret_of_a_person_can_be_read_and_their_settings_can(runner: Runner, home: Path) -> None:
    own = [paths.state_dir() / "own", paths.runtime_dir() / "own", paths.config_dir() / "own"]
    everything = [str(path) for path in (*(home / secret for secret in SECRETS), *own)]
    ran = await _run(runner, _policy(home), "grep", "-H", "", *everything, str(home / ".gitconfig"))
    shown = {line.split(":")[0] for line in ran.output.splitlines() if line.endswith("PRIVATE")}
    assert not shown, f"these can be read under {runner.name}"
    assert "A Person" in ran.output


async def test_a_task_reaches_its_own_folders_inside_the_hidden_state(runner: Runner, home: Path) -> None:
    git = paths.state_dir() / "tasks/t/git"
    policy = _policy(home, write=[git])
    ran = await _run(runner, policy, "sh", "-c", f"echo x > {git}/x; echo y > y; echo z > $XDG_CACHE_HOME/z; ls ..")
    assert ran.status == 0, ran.output
    assert (git / "x").exists()
    assert (home / ".shopfloor/cache/c/z").exists()


async def test_an_agent_has_its_own_login_and_no_other_agents(runner: Runner, home: Path) -> None:
    logins = (home / ".claude/.credentials.json", home / ".codex/auth.json", home / ".aider.conf.yml")
    for login in logins:
        login.parent.mkdir(exist_ok=True)
        login.write_text("TOKEN")
    section = SandboxSection(write=("~/.claude",))
    for policy, own in (
        (_policy(home), set()),
        (_policy(home, section), {str(logins[0])}),
        (_policy(home, login=("~/.codex/auth.json", "~/.aider.conf.yml#api-key")), set(map(str, logins[1:]))),
    ):
        ran = await _run(runner, policy, "grep", "-H", "", *map(str, logins))
        assert {line.split(":")[0] for line in ran.output.splitlines() if line.endswith("TOKEN")} == own


def test_the_login_of_every_shipped_profile_is_hidden_from_the_agents_of_the_others(home: Path) -> None:
    kept = {"~/.config/goose/config.yaml", "~/.cursor/cli-config.json#authInfo"}  # who has logged in, and no token
    hidden = hidden_places()
    for loaded in load_profiles():
        for place in set(loaded.profile.login_files) - kept:
            login = Path(place.partition("#")[0]).expanduser()
            assert str(login) in hidden, f"the login of {loaded.id} can be read by any agent"
            own = agent_policy(
                home,
                temp=home,
                cache=home,
                profile=loaded.profile.sandbox,
                repository=None,
                login=loaded.profile.login_files,
            )
            assert str(login) not in own.hide, f"{loaded.id} is logged out"


def test_no_key_of_ours_is_in_an_agents_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "GH_TOKEN", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "EDITOR"):
        monkeypatch.setenv(name, "sk-secret")
    monkeypatch.setenv("https_proxy", "http://me:sk-secret@proxy:3128")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    environment = _policy(home, extra_environment={"SHOPFLOOR_TASK": "t"}).environment
    assert "sk-secret" not in environment.values()
    assert not [value for value in environment.values() if "sk-secret" in value]
    assert environment["HOME"] == str(home)
    assert environment["LC_ALL"] == "C.UTF-8"
    assert environment["SHOPFLOOR_TASK"] == "t"


def test_a_relative_part_of_path_does_not_reach_an_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin::bin:./node_modules/.bin:/bin")
    assert base_environment()["PATH"] == "/usr/bin:/bin"


def test_package_caches_are_the_agents_own(home: Path) -> None:
    environment = _policy(home).environment
    cache = str(home / ".shopfloor/cache/c")
    for name in ("XDG_CACHE_HOME", "PIP_CACHE_DIR", "UV_CACHE_DIR", "npm_config_cache"):
        assert environment[name].startswith(cache), name
    assert environment["UV_LINK_MODE"] == "copy"


async def test_a_profile_opens_its_agents_login_and_protects_its_settings(runner: Runner, home: Path) -> None:
    (home / ".agent/sessions").mkdir(parents=True)
    (home / ".agent/settings.json").write_text("{}")
    section = SandboxSection(write=("~/.agent",), protect=("~/.agent/settings.json",), network="off")
    policy = _policy(home, section)
    ran = await _run(
        runner, policy, "sh", "-c", "echo s > ~/.agent/sessions/s; echo hook > ~/.agent/settings.json; echo x > ~/x"
    )
    assert (home / ".agent/sessions/s").exists(), ran.output
    assert (home / ".agent/settings.json").read_text() == "{}"
    assert not (home / "x").exists()
    assert not policy.network


async def test_a_pattern_protects_all_it_matches_and_nothing_else(runner: Runner, home: Path) -> None:
    for name in ("one/hooks/run.sh", "two/hooks/run.sh", "two/notes"):
        (home / ".agent" / name).parent.mkdir(parents=True, exist_ok=True)
        (home / ".agent" / name).write_text("safe")
    policy = _policy(home, SandboxSection(write=("~/.agent",), protect=("~/.agent/*/hooks", "~/.agent/**/*.key")))
    await _run(runner, policy, "sh", "-c", "for f in ~/.agent/*/hooks/run.sh ~/.agent/two/notes; do echo x > $f; done")
    assert [(home / ".agent" / name / "hooks/run.sh").read_text() for name in ("one", "two")] == ["safe", "safe"]
    assert (home / ".agent/two/notes").read_text() == "x\n"


def test_a_pattern_that_matches_too_much_is_refused(home: Path) -> None:
    (home / ".agent").mkdir()
    for number in range(501):
        (home / ".agent" / str(number)).touch()
    with pytest.raises(SandboxError, match="more than 500"):
        _policy(home, SandboxSection(protect=("~/.agent/*",)))


UNBORN = SandboxSection(
    write=("~/.agent",),
    protect=("~/.agent/hooks.json", "~/.agent/commands", "~/.agent/deep/er/rules.toml", "~/.agent/.env"),
)
MAKES = (
    "cd ~/.agent; mkdir -p commands deep/er; for f in hooks.json commands/c deep/er/rules.toml .env; do true>$f; done"
)


async def _left(folder: Path, expected: set[str]) -> None:
    """What a process that has ended leaves: what stood in for protected files is taken away a moment later."""
    for _ in range(1000):
        if _everything(folder) == expected:
            return
        await asyncio.sleep(0.005)
    assert _everything(folder) == expected


def _everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


async def test_what_is_protected_and_not_there_cannot_be_made(runner: Runner, home: Path) -> None:
    (home / ".agent/sessions").mkdir(parents=True)
    ran = await _run(runner, _policy(home, UNBORN), "sh", "-c", f"echo s > ~/.agent/sessions/s; {MAKES}")
    assert _everything(home / ".agent") == {"sessions", "sessions/s"}, f"a settings file was made: {ran.output}"


async def test_beside_what_is_protected_and_not_there_new_files_can_be_made(bubblewrap: Runner, home: Path) -> None:
    (home / ".agent").mkdir()
    await _run(
        bubblewrap, _policy(home, UNBORN), "sh", "-c", f"{MAKES}; echo n > new; mv new login; echo o > deep/other"
    )
    await _left(home / ".agent", {"login", "deep", "deep/other"})


async def test_what_is_protected_stays_so_when_another_process_ends(bubblewrap: Runner, home: Path) -> None:
    (home / ".agent").mkdir()
    policy = _policy(home, UNBORN)
    first = await bubblewrap.start(["cat"], policy, stdin="pipe")
    await _run(bubblewrap, policy, "true")
    assert (home / ".agent/hooks.json").exists(), "taken away from under a process that still runs"
    assert first.stdin is not None
    first.stdin.close()
    await first.wait()
    await _left(home / ".agent", set())


async def test_what_is_protected_stays_so_when_the_first_process_ends(bubblewrap: Runner, home: Path) -> None:
    (home / ".agent").mkdir()
    policy = _policy(home, UNBORN)
    first, second = [await bubblewrap.start(["cat"], policy, stdin="pipe") for _ in range(2)]
    for process, there in ((first, True), (second, False)):
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        if there:
            assert (home / ".agent/hooks.json").exists(), "taken away from under a process that still runs"
    await _left(home / ".agent", set())


async def test_what_the_person_writes_meanwhile_is_kept(bubblewrap: Runner, home: Path) -> None:
    (home / ".agent").mkdir()
    (home / ".agent/.env").write_text("")
    process = await bubblewrap.start(["cat"], _policy(home, UNBORN), stdin="pipe")
    assert (home / ".agent/hooks.json").read_text() == "{}\n", "the person's program finds a file it cannot read"
    (home / ".agent/hooks.json").write_text("{}")
    (home / ".agent/commands/mine").write_text("x")
    assert process.stdin is not None
    process.stdin.close()
    await process.wait()
    await _left(home / ".agent", {".env", "hooks.json", "commands", "commands/mine"})


async def test_a_profile_may_show_a_folder_that_is_hidden_otherwise(runner: Runner, home: Path) -> None:
    policy = _policy(home, SandboxSection(write=("~/.kube",)))
    assert (await _run(runner, policy, "cat", str(home / ".kube/config"))).output == "PRIVATE"
    assert "PRIVATE" not in (await _run(runner, policy, "cat", str(home / ".aws/credentials"))).output


async def test_our_own_code_can_be_imported_inside_wherever_it_lies(runner: Runner, home: Path) -> None:
    code = str(Path(paths.__file__).parent.parent)
    program = f"import sys; sys.path.insert(0, {code!r}); import agents.errors; print('imported')"
    ran = await _run(runner, _policy(home), sys.executable, "-c", program)
    assert "imported" in ran.output, ran.output


async def test_a_reader_changes_nothing_and_has_no_network(runner: Runner, home: Path) -> None:
    own = home / ".shopfloor"
    worktree, result = own / "data/worktrees/r/t", own / "state/tasks/t/git"
    policy = reader_policy(worktree, temp=own / "state/tasks/t/tmp", write=[result])
    await _run(runner, policy, "sh", "-c", f"echo x > x; echo y > {result}/y")
    assert not (worktree / "x").exists()
    assert (result / "y").exists()
    assert not policy.network
