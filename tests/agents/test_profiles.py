"""Profiles, project files and settings: what counts, and what is said when a file is wrong."""

from __future__ import annotations

from pathlib import Path

import anthropic.types
import msgspec
import openai.types.shared
import pytest

from agents.config import read_config
from agents.errors import NotFound, UsageError
from agents.profiles import load_profile, load_profiles, model_variables
from agents.programs import profile_info
from agents.project_file import PROJECT_FILE, parse_project_file, read_project_file
from agents.toml_file import line_of

MINIMAL = 'name = "Mine"\n[native]\nprovider = "anthropic"\n'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Shopfloor home of its own; its configuration folder."""
    monkeypatch.setenv("SHOPFLOOR_HOME", str(tmp_path / "home"))
    config = tmp_path / "home" / "config"
    (config / "profiles").mkdir(parents=True)
    return config


def a_profile(home: Path, name: str, text: str) -> Path:
    path = home / "profiles" / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


def complaint(text: str, path: Path = Path(PROJECT_FILE)) -> str:
    with pytest.raises(UsageError) as caught:
        parse_project_file(text, path)
    return caught.value.message


# --- profiles -------------------------------------------------------------------------------------------------------


def test_shipped_profiles_are_complete_and_name_models_the_sdks_know() -> None:
    shipped = {loaded.id: loaded.profile for loaded in load_profiles()}
    assert {"claude-api", "openai-api", "openai-compatible", "offline"} <= shipped.keys()
    claude, gpt = shipped["claude-api"].native, shipped["openai-api"].native
    assert claude is not None
    assert gpt is not None
    assert claude.model in str(anthropic.types.Model)
    assert gpt.model in str(openai.types.shared.ChatModel)
    for name in ("claude-api", "openai-api"):
        prices = shipped[name].prices
        assert prices is not None
        assert 0 < prices.cache_read < prices.input < prices.cache_write < prices.output, f"{name}: {prices}"


def test_own_profile_wins_over_the_shipped_one(home: Path) -> None:
    path = a_profile(home, "claude-api", MINIMAL)
    loaded = load_profile("claude-api")
    assert (loaded.profile.name, loaded.source) == ("Mine", str(path))
    assert [one.id for one in load_profiles()].count("claude-api") == 1


def test_missing_key_names_the_variable_and_an_empty_one_is_missing() -> None:
    loaded = load_profile("claude-api")
    for environment in ({}, {"ANTHROPIC_API_KEY": ""}):
        info = profile_info(loaded, environment)
        assert not info.ready
        assert "ANTHROPIC_API_KEY" in info.missing
    assert profile_info(loaded, {"ANTHROPIC_API_KEY": "test"}).ready


def test_variable_named_by_the_profile_is_the_one_that_counts(home: Path) -> None:
    a_profile(home, "mine", MINIMAL + 'api_key_env = "MY_KEY"\n')
    loaded = load_profile("mine")
    assert "MY_KEY" in profile_info(loaded, {"ANTHROPIC_API_KEY": "test"}).missing
    assert profile_info(loaded, {"MY_KEY": "test"}).ready
    assert "MY_KEY" in model_variables()


def test_program_that_is_not_on_path_is_missing(home: Path, tmp_path: Path) -> None:
    a_profile(home, "mine", 'name = "Mine"\ndriver = "acp"\nneeds = ["some-agent"]\n[acp]\ncommand = ["/bin/sh"]\n')
    loaded = load_profile("mine")
    assert "some-agent" in profile_info(loaded, {"PATH": str(tmp_path)}).missing
    (tmp_path / "some-agent").write_text("#!/bin/sh\n")
    (tmp_path / "some-agent").chmod(0o755)
    assert profile_info(loaded, {"PATH": str(tmp_path)}).ready


def test_program_named_by_its_path_is_said_to_be_missing_there(home: Path, tmp_path: Path) -> None:
    program = tmp_path / "agent"
    a_profile(home, "mine", f'name = "Mine"\ndriver = "terminal"\n[terminal]\ncommand = ["{program}"]\n')
    program.write_text("no program")
    missing = profile_info(load_profile("mine"), {"PATH": "/bin"}).missing
    assert missing == f"The program {program} is not there, or cannot be run."


def test_offline_and_keyless_profiles_are_ready_without_anything() -> None:
    for name in ("offline", "openai-compatible"):
        assert profile_info(load_profile(name), {}).ready, name


def test_a_profile_for_the_protocol_names_its_program_and_variables(home: Path) -> None:
    a_profile(home, "mine", 'name = "Mine"\ndriver = "acp"\n')
    with pytest.raises(UsageError, match=r"needs an \[acp\] table"):
        load_profile("mine")
    text = '[acp]\ncommand = ["mine-acp", "--quietly"]\nenvironment = ["MINE_KEY"]\n'
    a_profile(home, "mine", f'name = "Mine"\ndriver = "acp"\ninstall = "Build it."\n{text}')
    info = profile_info(load_profile("mine"), {"PATH": "/usr/bin:/bin"})
    assert (info.ready, info.missing) == (False, "The program mine-acp is not on PATH. Build it.")
    assert "MINE_KEY" in model_variables(), "the engine is not given what the agent needs"


def test_shipped_agents_tell_how_to_get_them_and_how_to_log_in() -> None:
    shipped = {loaded.id: loaded.profile for loaded in load_profiles()}
    agents = {name: profile for name, profile in shipped.items() if profile.driver == "acp"}
    assert {"claude-code", "codex", "gemini", "opencode", "goose", "copilot", "qwen", "pi", "cursor"} <= agents.keys()
    for name, profile in agents.items():
        assert profile.acp is not None
        assert profile.install, f"{name} does not say how to install it"
        assert profile.acp.login, f"{name} does not say how to log in"
        for path in profile.sandbox.protect:
            assert path.startswith(profile.sandbox.write), f"{name}: {path} is protected but not writable anyway"


def test_unknown_profile_is_refused_with_those_there_are() -> None:
    with pytest.raises(NotFound) as caught:
        load_profile("../claude-api")
    assert "claude-api, claude-code" in caught.value.hint


def test_broken_profile_hides_no_other_and_says_what_is_wrong(home: Path) -> None:
    path = a_profile(home, "broken", 'name = "Broken"\nmodle = 1\n')
    infos = {loaded.id: profile_info(loaded, {}) for loaded in load_profiles()}
    assert infos["broken"].missing == f"{path}, line 2: there is no setting `modle`."
    assert infos["offline"].ready
    with pytest.raises(UsageError, match="line 2"):
        load_profile("broken")


def test_wrong_choice_is_told_the_right_ones(home: Path) -> None:
    a_profile(home, "mine", 'name = "Mine"\n[native]\nprovider = "antropic"\n')
    with pytest.raises(UsageError) as caught:
        load_profile("mine")
    choices = "'anthropic', 'offline', 'openai', 'openai-chat'"
    assert f"line 3: `native.provider` must be one of {choices}, not 'antropic'." in caught.value.message


def test_native_profile_needs_its_table(home: Path) -> None:
    a_profile(home, "mine", 'name = "Mine"\n')
    with pytest.raises(UsageError, match="`native` is missing"):
        load_profile("mine")


def test_default_profile_of_a_project_comes_first(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text('[defaults]\nprofile = "openai-api"\n')
    assert load_profiles(tmp_path)[0].id == "openai-api"
    others = [loaded.id for loaded in load_profiles()]
    assert others == sorted(others), "without a project they come by their ids"


# --- what is wrong and where ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[worktree\nbase = 1\n", "line 1, column 10"),
        ("x = 1\nx = 2\n", "line 2"),
        ('[worktree]\nbase = "main', "line 2"),
        ("[worktree]\nbase = 3\n", "line 2: `worktree.base` must be a string, not a whole number."),
        ("[worktree]\nports = 1000\n", "line 2: `worktree.ports` must be a whole number <= 100."),
        ('[worktree]\ncopy = [".env", 3]\n', "line 2: `worktree.copy` must be a string, not a whole number."),
        ("[[check]]\nname = 'a'\nrun = 'b'\n[[check]]\nname = 'c'\n", "line 4: `check.run` is missing."),
        (
            "[[check]]\nname = 'a'\nrun = 'b'\n\n[[check]]\nname = 'c'\nrun = 7\n",
            "line 7: `check.run` must be a string, not a whole number.",
        ),
        ("[[check]]\nname = 'a'\nrun = 'b'\ntimeout = 0\n", "line 4: `check.timeout` must be a number > 0.0."),
        ("[[check]]\nname = ''\nrun = 'b'\n", "line 2: `check.name` must be a string of length >= 1."),
        ("[defaults]\nprofil = 'x'\n", "line 2: there is no setting `defaults.profil`."),
        ("setup = '''\n[defaults]\nprofil = 1\n'''\n", "line 1: there is no setting `setup`."),
        ("defaults = 1\n", "line 1: `defaults` must be a table, not a whole number."),
    ],
)
def test_broken_file_is_refused_with_line_and_what_was_expected(text: str, expected: str) -> None:
    said = complaint(text)
    assert said.startswith(PROJECT_FILE)
    assert expected in said


def test_names_used_twice_and_paths_outside_are_refused() -> None:
    twice = "[[check]]\nname = 'a'\nrun = 'b'\n" * 2
    assert "two checks are called “a”" in complaint(twice)
    for outside in ("/etc/passwd", "../secret", "a/../../b", ""):
        assert "not inside the repository" in complaint(f"[worktree]\ncopy = ['{outside}']\n"), outside


def test_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_bytes(b"# caf\xe9\n")
    with pytest.raises(UsageError, match="is not UTF-8"):
        read_project_file(tmp_path)


def test_line_of_a_key_counts_nested_tables_and_skips_long_texts() -> None:
    text = '[[a]]\nx = """\n[[a]]\ny = 1\n"""\n[[a.b]]\nz = 1\n[[a]]\n[[a.b]]\n[[a.b]]\nz = 2\n'
    assert line_of(text, ["a", "0", "b", "0", "z"]) == 7
    assert line_of(text, ["a", "1", "b", "1", "z"]) == 11
    assert line_of(text, ["a", "1", "b", "1", "q"]) == 10
    assert line_of(text, ["nowhere"]) == 0


# --- project file and settings --------------------------------------------------------------------------------------


def test_project_without_a_file_has_all_defaults(tmp_path: Path) -> None:
    project = read_project_file(tmp_path)
    assert project.check == ()
    assert project.worktree.base == ""


def test_project_file_is_read_as_documented(tmp_path: Path) -> None:
    (tmp_path / PROJECT_FILE).write_text("""
[worktree]
base = "main"
copy = [".env", "config/local.toml"]
link = ["node_modules"]
setup = "scripts/setup.sh"
ports = 3

[[check]]
name = "tests"
run = "make test"
timeout = 60

[[check]]
name = "lint"
run = "make lint"

[[command]]
name = "open-pr"
run = "scripts/open-pr.sh"

[hooks]
task-ready = "scripts/notify.sh"

[defaults]
profile = "claude-api"
queue = "review-and-fix"
""")
    project = read_project_file(tmp_path)
    assert [(check.name, check.timeout) for check in project.check] == [("tests", 60), ("lint", 600)]
    assert project.worktree.copy == (".env", "config/local.toml")
    assert project.command[0].run == "scripts/open-pr.sh"
    assert project.hooks == {"task-ready": "scripts/notify.sh"}
    assert project.defaults.queue == "review-and-fix"


def test_environment_wins_over_own_file_over_project_over_defaults(home: Path) -> None:
    project = parse_project_file('[defaults]\nprofile = "from-project"\nqueue = "from-project"\n')
    assert read_config({}).engine.max_active == 8
    assert read_config({}, project).defaults.profile == "from-project"
    (home / "config.toml").write_text('theme = "nord"\n[engine]\nmax_active = 3\n[defaults]\nprofile = "from-user"\n')
    config = read_config({}, project)
    assert (config.defaults.profile, config.defaults.queue) == ("from-user", "from-project")
    assert (config.engine.max_active, config.theme) == (3, "nord")
    variables = {"SHOPFLOOR_PROFILE": "from-env", "SHOPFLOOR_MAX_ACTIVE": "5", "SHOPFLOOR_THEME": "gruvbox"}
    config = read_config(variables, project)
    assert (config.defaults.profile, config.engine.max_active, config.theme) == ("from-env", 5, "gruvbox")


@pytest.mark.parametrize("number", ["0", "-1", "many", "1.5"])
def test_variable_that_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(UsageError, match="SHOPFLOOR_MAX_ACTIVE"):
        read_config({"SHOPFLOOR_MAX_ACTIVE": number})


def test_broken_settings_name_the_file_and_the_line(home: Path) -> None:
    (home / "config.toml").write_text("[engine]\nmax_active = 'all'\n")
    with pytest.raises(UsageError) as caught:
        read_config({})
    expected = f"{home / 'config.toml'}, line 2: `engine.max_active` must be a whole number, not a string."
    assert caught.value.message == expected


def test_profiles_survive_the_wire() -> None:
    for loaded in load_profiles():
        info = profile_info(loaded, {})
        assert msgspec.json.decode(msgspec.json.encode(info), type=type(info)) == info
