"""An agent that turns on its owner: whatever it does to git, the repository and the host stay as they were."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from an_agent import AnAgent, an_agent
from repository_builder import ARepository, a_repository, person

from agents.errors import GitError
from agents.sandbox import Runner
from agents.workspace import Kind
from agents.workspace.furnish import furnish

PLANTED_CONFIG = """
[core]
    fsmonitor = {evil}
    hooksPath = {hooks}
    pager = {evil}
    editor = {evil}
    sshCommand = {evil}
    attributesFile = {attributes}
[filter "evil"]
    clean = {evil}
    smudge = {evil}
    process = {evil}
    required = true
[diff "evil"]
    command = {evil}
    textconv = {evil}
[diff]
    external = {evil}
[merge "evil"]
    driver = {evil}
[gpg]
    program = {evil}
[commit]
    gpgSign = true
[submodule]
    recurse = true
[alias]
    status = !{evil}
"""


class AnAttack:
    """A repository, an agent in it, and a program in the worktree that leaves a mark where no agent may write."""

    def __init__(self, tmp_path: Path, repository: ARepository, agent: AnAgent) -> None:
        self.repository, self.agent = repository, agent
        self.mark = tmp_path / "host" / "mark"
        self.mark.parent.mkdir()
        self.evil = agent.worktree / "evil.sh"
        self.evil.write_text(f"#!/bin/sh\ntouch {self.mark}\ncat\n")
        self.evil.chmod(0o755)
        hooks = agent.worktree / "evil-hooks"
        hooks.mkdir()
        for hook in (
            "post-checkout",
            "pre-commit",
            "reference-transaction",
            "post-index-change",
            "pre-auto-gc",
            "post-commit",
        ):
            (hooks / hook).symlink_to("../evil.sh")
        (agent.worktree / ".gitattributes").write_text("* filter=evil diff=evil merge=evil\n")
        (agent.worktree / "evil-attributes").write_text("* filter=evil diff=evil\n")
        self.config = PLANTED_CONFIG.format(evil=self.evil, hooks=hooks, attributes=agent.worktree / "evil-attributes")
        (agent.worktree / "evil-config").write_text(self.config)

    async def host_works_and_runs_nothing(self, *, branch: bool = True, person: bool = True) -> None:
        """Every call of the host, after which the mark must not be there and the repository as it was."""
        agent, before = self.agent, self.repository.everything()
        (agent.worktree / "a").write_text("changed by the agent\n")
        snapshot = await agent.workspaces.snapshot(agent.workspace, "now", "Now")
        assert self.repository.git("show", f"{snapshot.tree}:a") == "changed by the agent"
        try:
            await agent.workspaces.import_branch(agent.workspace)
        except GitError:
            assert not branch, "the agent's branch should have been fit for import"
        await agent.workspaces.diff(agent.workspace, "main", snapshot.tree)
        await agent.workspaces.numstat(agent.workspace, "main", snapshot.commit)
        await agent.workspaces.prepare(agent.workspace, agent.runner)
        await agent.workspaces.rest(agent.workspace)
        assert not self.mark.exists(), "the engine ran a program of the agent on the host"
        if person:
            self.person_looks()
        await agent.workspaces.remove(agent.workspace)
        assert not self.mark.exists(), "the person's git ran a program of the agent"
        assert self.repository.everything() == before

    def person_looks(self) -> None:
        """The person's plain git in the worktree at rest, and in the main checkout."""
        for directory in (self.agent.worktree, self.repository.path):
            for command in (["status"], ["log", "-p", "-2"], ["branch", "--all"]):
                subprocess.run(["git", *command], cwd=directory, env=person(), capture_output=True, check=False)


async def an_attack(tmp_path: Path, runner: Runner, kind: Kind = "worktree") -> AnAttack:
    repository = a_repository(tmp_path / "r").with_file("a", "1\n").with_file("b").with_commit("One")
    repository.with_file("b", "2\n").with_commit("Two")
    repository.git("branch", "other")
    repository.git("tag", "v1")
    return AnAttack(tmp_path, repository, await an_agent(runner, repository, kind=kind))


GIT_FOLDERS = (
    "$(git rev-parse --git-common-dir 2>/dev/null) $(git rev-parse --git-dir 2>/dev/null) $REAL $REAL/worktrees/$NAME"
)
EACH = f"for d in {GIT_FOLDERS}; do"

ATTACKS = {
    # Only below the test's own folder: a sandbox that fails must cost this test, not the machine.
    "deletes every object it can reach": (
        "find $MAIN/.. -path '*/objects/*' -type f -delete 2>/dev/null; " + EACH + " rm -rf $d/objects; done"
    ),
    "deletes the whole git folder": EACH + " rm -rf $d $d/*; done; rm -rf $MAIN",
    "moves main and deletes refs": """
        git commit -q --allow-empty -m x; git update-ref refs/heads/main HEAD; git push . HEAD:main
        git update-ref -d refs/tags/v1; git branch -D other; git pack-refs --all --prune
    """,
    "writes config and hooks": EACH
    + """
        cat evil-config >> $d/config; mkdir -p $d/hooks; for h in evil-hooks/*; do cp -L $h $d/hooks/; done; done
    """,
    "plants commondir": EACH
    + """
        cp -r $(git rev-parse --git-common-dir) fake; cat evil-config >> fake/config
        rm -f $d/commondir; echo $PWD/fake > $d/commondir; done
    """,
    "plants config.worktree and attributes": EACH
    + """
        cp evil-config $d/config.worktree; mkdir -p $d/info; cp evil-attributes $d/info/attributes
        git config --file $d/config extensions.worktreeConfig true; done
    """,
    "plants alternates": "git init -q fake; "
    + EACH
    + " echo $PWD/fake/.git/objects > $d/objects/info/alternates; done",
    "names another folder as its worktree": EACH
    + """
        echo $MAIN/.git > $d/gitdir; git config --file $d/config core.worktree $MAIN; done
        rm -f .git; mv .git x; echo gitdir: $MAIN/.git > .git
    """,
    "replaces .git by a folder": """
        rm -rf .git; mv .git old-git; git init -q .; cat evil-config >> .git/config; cp -L evil-hooks/* .git/hooks/
    """,
    "points .git elsewhere": """
        git init -q fake; cat evil-config >> fake/.git/config; rm -f .git; mv .git x; echo gitdir: fake/.git > .git
    """,
    "makes .git a link": """
        git init -q fake; cat evil-config >> fake/.git/config; rm -f .git; mv .git x; ln -s fake/.git .git
    """,
    "makes .git a fifo": "rm -f .git; mv .git x; mkfifo .git",
    "plants a nested repository": """
        git init -q sub; cat evil-config >> sub/.git/config; cp evil-attributes sub/.gitattributes; cd sub; echo x > x
        git -c core.fsmonitor= -c core.hooksPath= -c commit.gpgSign=false commit -q --allow-empty -m x
    """,
    "plants a submodule": """
        git init -q sub; git -C sub commit -q --allow-empty -m x; git add sub
        printf '[submodule "sub"]\\n\\tpath = sub\\n\\turl = ./sub\\n' > .gitmodules
        cat evil-config >> sub/.git/config; cp evil-attributes sub/.gitattributes; git add -A; git commit -qm Sub
    """,
    "plants a bare repository": "git init -q --bare sub; cat evil-config >> sub/config",
    "commits its attributes": "git add -A; git commit -qm Attributes",
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_repository_and_host_survive_an_agent_that(tmp_path: Path, runner: Runner, name: str) -> None:
    attack = await an_attack(tmp_path, runner)
    before = attack.repository.everything()
    await attack.agent.tries(ATTACKS[name])
    assert attack.repository.everything() == before
    assert not attack.mark.exists(), "the sandbox let the program write"
    # Plain git of the person enters any submodule that is committed, planted ones too: the review warns about those.
    await attack.host_works_and_runs_nothing(branch=False, person=name != "plants a submodule")


@pytest.mark.parametrize("name", ATTACKS)
async def test_repository_and_host_survive_an_agent_in_a_clone_that(tmp_path: Path, runner: Runner, name: str) -> None:
    attack = await an_attack(tmp_path, runner, "clone")
    before = attack.repository.everything()
    await attack.agent.tries(ATTACKS[name])
    assert attack.repository.everything() == before
    assert not attack.mark.exists(), "the sandbox let the program write"
    await attack.host_works_and_runs_nothing(branch=False, person=name != "plants a submodule")


@pytest.mark.parametrize("kind", ["worktree", "clone"])
@pytest.mark.parametrize("name", ["writes config and hooks", "plants commondir", "points .git elsewhere"])
async def test_the_persons_git_runs_nothing_of_an_agent_that_still_works(
    tmp_path: Path, bubblewrap: Runner, kind: Kind, name: str
) -> None:
    attack = await an_attack(tmp_path, bubblewrap, kind)
    await attack.agent.tries(ATTACKS[name])
    attack.person_looks()
    assert not attack.mark.exists(), "the person's git ran a program of the agent"


async def test_a_filter_that_the_agent_wrote_does_not_turn_the_persons_git(tmp_path: Path, bubblewrap: Runner) -> None:
    attack = await an_attack(tmp_path, bubblewrap)
    attack.repository.with_config("filter.tool.clean=cat", "filter.tool.smudge=./tool.sh")
    await attack.agent.does(
        "printf 'a filter=tool\\n' > .gitattributes; printf '#!/bin/sh\\ncat\\n' > tool.sh; chmod +x tool.sh"
    )
    before = await attack.agent.snapshot()
    await attack.agent.does(
        "git init -q fake; cat evil-config >> fake/.git/config; echo changed > a; "
        "printf '#!/bin/sh\\ncat; rm -f .git; echo gitdir: fake/.git > .git; touch filtered\\n' > tool.sh"
    )
    await attack.agent.workspaces.rest(attack.agent.workspace)
    (attack.agent.worktree / "tool.sh").chmod(0o755)
    await attack.agent.workspaces.rewind(attack.agent.workspace, before)
    attack.person_looks()
    assert not attack.mark.exists(), "the person's git ran a program of the agent"


A_THOUSAND_LONG_NAMES_OF_ONE_TREE = """
name=$(printf %020000d 0); blob=$(echo x | git hash-object -w --stdin)
tree=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf "100644 blob $blob\\t$i$name\\n"; done | git mktree)
for level in 1 2; do
    tree=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf "040000 tree $tree\\t$i\\n"; done | git mktree)
done
git update-ref HEAD $(git commit-tree -p HEAD -m Many $tree)
"""


async def test_a_few_trees_that_name_endless_files_do_not_fill_the_memory_of_the_host(
    tmp_path: Path, one_runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    attack = await an_attack(tmp_path, one_runner)
    tip = attack.repository.commit(attack.agent.workspace.branch)
    await attack.agent.does(A_THOUSAND_LONG_NAMES_OF_ONE_TREE)
    monkeypatch.setattr("agents.workspace.git.MEMORY_LIMIT_BYTES", 16 * 1024 * 1024)
    with pytest.raises(GitError, match="memory"):
        await attack.agent.workspaces.import_branch(attack.agent.workspace)
    with pytest.raises(GitError, match="memory"):
        await attack.agent.workspaces.numstat(attack.agent.workspace, tip, attack.agent.workspace.branch)
    attack.person_looks()


async def test_a_filter_that_the_agent_wrote_cannot_lead_the_reader_out(tmp_path: Path, runner: Runner) -> None:
    attack = await an_attack(tmp_path, runner)
    attack.repository.with_config("filter.tool.clean=./tool.sh", "filter.tool.smudge=./tool.sh")
    home = attack.mark.parent
    (home / "key").write_text("PRIVATE")
    tool = attack.agent.worktree / "tool.sh"
    tool.write_text(
        '#!/bin/sh\ncat; reading=$(dirname "$GIT_INDEX_FILE"); echo x > "${TMPDIR:-/tmp}/planted"\n'
        f'for name in tmp applied.patch; do rm -rf "$reading/$name"; ln -s {home} "$reading/$name"; done\n'
        f'rm -f "$reading/applied.patch"; ln -s {home}/key "$reading/applied.patch"\n'
    )
    tool.chmod(0o755)
    (attack.agent.worktree / ".gitattributes").write_text("a filter=tool\n")
    for number in range(3):
        (attack.agent.worktree / "a").write_text(f"changed {number}\n")
        await attack.agent.snapshot()
    assert not (home / "planted").exists(), "the sandbox of the reader opened a folder of the person's"
    with contextlib.suppress(GitError):
        await attack.agent.workspaces.apply(attack.agent.workspace, b"no patch")
    assert (home / "key").read_text() == "PRIVATE", "the host wrote through a link"


async def test_the_index_of_a_new_worktree_is_not_what_a_filter_puts_in_its_place(
    tmp_path: Path, one_runner: Runner
) -> None:
    key = tmp_path / "key"
    key.write_text("PRIVATE")
    repository = a_repository(tmp_path / "r").with_file(".gitattributes", "a filter=tool\n").with_file("a")
    links = f'while :; do [ -L "$GIT_INDEX_FILE" ] || ln -sf {key} "$GIT_INDEX_FILE"; done'
    script = f"#!/bin/sh\ncat; ({links}) >/dev/null 2>&1 &\n"
    repository.with_file("0tool.sh", script)
    (repository.path / "0tool.sh").chmod(0o755)
    repository.with_commit().with_config("filter.tool.clean=cat", "filter.tool.smudge=./0tool.sh")
    with contextlib.suppress(GitError):
        agent = await an_agent(one_runner, repository)
        assert "PRIVATE" not in agent.workspace.entry.joinpath("index").read_text("latin-1")


async def test_files_for_a_new_worktree_do_not_go_through_links_that_an_agent_committed(
    tmp_path: Path, one_runner: Runner
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    repository = a_repository(tmp_path / "r").with_file("conf/a").with_commit()
    repository.git("checkout", "-q", "-b", "an-agents")
    shutil.rmtree(repository.path / "conf")
    (repository.path / "conf").symlink_to(outside)
    repository.with_commit("A link").git("checkout", "-q", "main")
    repository.with_file("conf/local", "mine\n").with_file("conf/modules/m", "mine\n").with_file("plain", "mine\n")
    agent = await an_agent(one_runner, repository, base="an-agents")
    done = await furnish(agent.workspace, agent.worktree, ["conf/local", "plain"], ["conf/modules"])
    assert not list(outside.iterdir()), "the host wrote through a link out of the worktree"
    assert done.copied == 1
    assert [notice.split()[0] for notice in done.notices] == ["conf/local", "conf/modules"], done.notices


LINKED = "index HEAD logs/HEAD logs/refs COMMIT_EDITMSG ORIG_HEAD FETCH_HEAD MERGE_MSG packed-refs"


@pytest.mark.parametrize("kind", ["worktree", "clone"])
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to no file"])
async def test_links_in_the_git_folder_lead_the_host_nowhere(
    tmp_path: Path, runner: Runner, kind: Kind, there: bool
) -> None:
    attack = await an_attack(tmp_path, runner, kind)
    (tmp_path / "host" / "bashrc").write_text("mine\n")
    target = tmp_path / "host" / ("bashrc" if there else "made")
    await attack.agent.tries(
        f"{EACH} mkdir -p $d/logs; for name in {LINKED}; do "
        f"ln -sf {target} $d/$name; ln -sf {target}.new $d/$name.lock; done; "
        f"rm -rf $d/refs $d/objects/info; ln -s {target.parent} $d/refs; ln -s {target.parent} $d/objects/info; done"
    )
    await attack.host_works_and_runs_nothing(branch=False)
    assert (tmp_path / "host" / "bashrc").read_text() == "mine\n"
    assert [file.name for file in target.parent.iterdir()] == ["bashrc"]


async def test_links_in_the_worktree_are_recorded_and_not_followed(tmp_path: Path, one_runner: Runner) -> None:
    attack = await an_attack(tmp_path, one_runner)
    await attack.agent.does(f"rm a; ln -s {attack.repository.path}/b a; ln -s {attack.repository.path} dir")
    snapshot = await attack.agent.workspaces.snapshot(attack.agent.workspace, "now", "Now")
    assert attack.repository.git("ls-tree", snapshot.tree, "a", "dir").count("120000") == 2
    await attack.agent.workspaces.remove(attack.agent.workspace)
    assert (attack.repository.path / "b").read_text() == "2\n", "removing the worktree followed a link"


async def test_clean_filter_of_the_person_that_is_a_file_of_the_worktree_runs_confined(
    tmp_path: Path, runner: Runner
) -> None:
    attack = await an_attack(tmp_path, runner)
    attack.repository.with_config(
        "filter.evil.clean=./evil.sh", "filter.evil.smudge=./evil.sh", "diff.evil.textconv=./evil.sh"
    )
    snapshot = await attack.agent.snapshot()
    await attack.agent.does("echo z > z && git add -A && git commit -qm Evil")
    tip = await attack.agent.workspaces.import_branch(attack.agent.workspace)
    assert tip
    await an_agent(runner, attack.repository, "cd34", tip)
    await attack.agent.workspaces.restore(*(await removed(attack.agent, snapshot)))
    assert not attack.mark.exists(), "a filter that lies in the worktree ran on the host"


async def test_programs_of_the_persons_settings_that_are_files_of_the_worktree_never_run_on_the_host(
    tmp_path: Path, runner: Runner
) -> None:
    """Relative paths in the person's own trusted settings lead into whatever worktree git stands in."""
    attack = await an_attack(tmp_path, runner)
    attack.repository.with_config(
        *("core.hooksPath=evil-hooks", "core.fsmonitor=./evil.sh", "diff.external=./evil.sh", "core.pager=./evil.sh"),
        *("core.sshCommand=./evil.sh", "core.editor=./evil.sh", "gpg.program=./evil.sh", "commit.gpgSign=true"),
        *("core.attributesFile=evil-attributes", "diff.evil.textconv=./evil.sh", "diff.evil.command=./evil.sh"),
    )
    agent = attack.agent
    for name in ("one", "two"):
        (agent.worktree / "a").write_text(f"{name}\n")
        snapshot = await agent.workspaces.snapshot(agent.workspace, name, name)
        assert attack.repository.git("cat-file", "-p", f"{snapshot.tree}:a") == name
    await agent.tries("git commit -q --no-gpg-sign --allow-empty -m x")
    await agent.workspaces.import_branch(agent.workspace)
    await agent.workspaces.diff(agent.workspace, "main", snapshot.tree)
    await agent.workspaces.rewind(agent.workspace, snapshot.commit)
    await agent.workspaces.apply(agent.workspace, b"--- a/b\n+++ b/b\n@@ -1 +1 @@\n-2\n+3\n")
    await agent.workspaces.rest(agent.workspace)
    await agent.workspaces.remove(agent.workspace)
    assert not attack.mark.exists(), "a program that lies in the worktree ran on the host"


async def test_endless_output_of_a_filter_in_the_worktree_is_cut_off(tmp_path: Path, one_runner: Runner) -> None:
    attack = await an_attack(tmp_path, one_runner)
    attack.evil.write_text("#!/bin/sh\nyes >&2\n")
    attack.repository.with_config("filter.evil.clean=./evil.sh")
    with pytest.raises(GitError, match="more than 4 MB"):
        await attack.agent.snapshot()
    attack.evil.write_text("#!/bin/sh\ncat\n")
    assert await attack.agent.snapshot(), "the task cannot go on when the filter is mended"


async def removed(agent: AnAgent, snapshot: str) -> tuple[object, str]:
    await agent.workspaces.remove(agent.workspace)
    return agent.workspace, snapshot


@pytest.mark.parametrize("damage", ["missing", "wrong"])
async def test_branch_with_damaged_objects_is_refused(tmp_path: Path, runner: Runner, damage: str) -> None:
    attack = await an_attack(tmp_path, runner)
    script = {
        "missing": "rm -f $o/$(echo $b | cut -c1-2)/$(echo $b | cut -c3-)",
        "wrong": "f=$o/$(echo $b | cut -c1-2)/$(echo $b | cut -c3-); g=$(echo other | git hash-object -w --stdin); "
        "rm -f $f; cp $o/$(echo $g | cut -c1-2)/$(echo $g | cut -c3-) $f",
    }[damage]
    await attack.agent.does(
        "o=$(git rev-parse --git-common-dir)/objects; echo secret > s; git add s; git commit -qm s; "
        f"b=$(git rev-parse HEAD:s); {script}"
    )
    before = attack.repository.commit("shopfloor/ab12/a-task")
    with pytest.raises(GitError):
        await attack.agent.workspaces.import_branch(attack.agent.workspace)
    assert attack.repository.commit("shopfloor/ab12/a-task") == before
    assert attack.repository.everything()["fsck"] == ""


async def test_branch_that_names_a_commit_nobody_has_is_no_branch(tmp_path: Path, one_runner: Runner) -> None:
    attack = await an_attack(tmp_path, one_runner)
    await attack.agent.does(
        "c=$(git rev-parse --git-common-dir); mkdir -p $c/refs/heads/shopfloor/ab12; "
        f"echo {'1' * 40} > $c/refs/heads/shopfloor/ab12/a-task"
    )
    assert await attack.agent.workspaces.import_branch(attack.agent.workspace) is None
    assert attack.repository.commit("shopfloor/ab12/a-task") == attack.repository.commit("main")


async def test_file_that_git_finds_dangerous_is_named(tmp_path: Path, one_runner: Runner) -> None:
    attack = await an_attack(tmp_path, one_runner)
    module = attack.agent.worktree / ".gitmodules"
    module.write_text(f'[submodule "sub"]\n\tpath = sub\n\turl = ./sub\n\tupdate = !{attack.evil}\n')
    with pytest.raises(GitError, match="submodule update setting"):
        await attack.agent.snapshot()
    module.unlink()
    assert await attack.agent.snapshot(), "the task cannot go on after the file is gone"


async def test_trees_that_would_write_into_git_are_refused(tmp_path: Path, one_runner: Runner) -> None:
    attack = await an_attack(tmp_path, one_runner)
    await attack.agent.does(
        "b=$(echo evil | git hash-object -w --stdin); t=$(printf '100644 blob %s\\tconfig\\n' $b | git mktree); "
        "t=$(printf '040000 tree %s\\t.git\\n' $t | git mktree); "
        "git update-ref refs/heads/shopfloor/ab12/a-task $(git commit-tree -m x $t)"
    )
    with pytest.raises(GitError):
        await attack.agent.workspaces.import_branch(attack.agent.workspace)


async def test_git_on_the_host_never_runs_in_a_worktree(
    tmp_path: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every git the host starts is pinned to the repository, starts outside worktrees, and sees none of our keys."""
    attack = await an_attack(tmp_path, runner)
    log = tmp_path / "calls"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    real = shutil.which("git")
    wrapper.write_text(f'#!/bin/sh\n{{ pwd; env; echo "$@"; echo ---; }} >> {log} 2>/dev/null\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret-key")
    await attack.host_works_and_runs_nothing()
    calls = [call for call in log.read_text().split("---\n") if "GIT_WORK_TREE" in call]
    assert len(calls) >= 5, "the host did not do its work"
    for call in calls:
        assert f"GIT_DIR={attack.repository.path}/.git\n" in call
        assert f"GIT_WORK_TREE={attack.repository.path}\n" in call
        assert not call.startswith(str(attack.agent.worktree))
        assert "core.hooksPath=/dev/null" in call
        assert "secret-key" not in call
