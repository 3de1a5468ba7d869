#!/usr/bin/env python3
"""aim policy: checking, explaining and testing policies."""
import json

from harness import Folder, case, lines, main, make_store, run

POLICY = """version: 1
name: files
rules:
  - {id: read, effect: allow, tools: "read_*", trust: {min: 500000}}
  - {id: pay, effect: ask, tools: pay, when: {args: {/amount: {max: 10.50}}}}
"""


def put(f, name, text):
    (f / name).write_text(text, encoding="utf-8")
    return f / name


@case
def check_shows_mistakes_and_warnings():
    with Folder() as f:
        good = put(f, "good.yaml", POLICY)
        out = run("policy", "check", good)
        assert "2 rules, 0 warnings" in out.stdout, out.stdout
        bad = put(f, "bad.yaml", POLICY.replace("effect: ask", "effect: perhaps"))
        out = run("policy", "check", bad, code=1)
        assert f"{bad}:5:" in out.stdout and "/rules/1/effect" in out.stdout, out.stdout
        odd = put(f, "odd.yaml", POLICY + "  - {id: again, effect: allow, tools: read_x, trust: {min: 600000}}\n")
        rows = lines("policy", "check", odd, code=6)
        assert rows[0]["severity"] == "warning" and rows[0]["status"] == "AIM_POLICY_COVERED", rows
        assert rows[1]["rules"] == 3 and len(rows[1]["hash"]) == 64, rows
        run("policy", "check", f / "none.yaml", code=3)


@case
def explain_names_the_change():
    with Folder() as f:
        policy = put(f, "p.yaml", POLICY)
        request = put(f, "r.yaml", "{tool: read_file, trust: 400000}\n")
        answer = json.loads(run("policy", "explain", policy, request, code=1).stdout)
        assert answer["effect"] == "deny", answer
        assert answer["counterfactual"]["changes"] == [{"fact": "trust", "from": 400000, "to": 500000}], answer
        request = put(f, "r.json", json.dumps({"tool": "read_file", "trust": 500000}))
        assert json.loads(run("policy", "explain", policy, request).stdout)["rule"] == "read"
        request = put(f, "wrong.yaml", "tool: [read]\n")
        out = run("policy", "explain", policy, request, code=1)
        assert "tool of a request must be a text" in out.stderr, out.stderr


@case
def tests_pass_and_fail():
    with Folder() as f:
        put(f, "p.yaml", POLICY)
        test = """policy: p.yaml
tests:
  - name: readers read
    request: {tool: read_file, trust: 800000}
    expect: {effect: allow, rule: read}
  - name: small sums are asked about
    request: {tool: pay, args: {amount: 10.5}}
    expect: {effect: ask}
"""
        good = put(f, "p.policy-test.yaml", test)
        assert "2 tests, 0 failed" in run("policy", "test", good).stdout
        bad = put(f, "q.policy-test.yaml", test.replace("effect: ask", "effect: allow"))
        out = run("policy", "test", bad, code=1)
        assert "FAIL  small sums are asked about: ask by pay" in out.stdout, out.stdout
        rows = lines("policy", "test", bad, code=1)
        assert [row["passed"] for row in rows] == [True, False], rows
        empty = put(f, "e.policy-test.yaml", "policy: p.yaml\n")
        run("policy", "test", empty, code=1)


@case
def diff_shows_a_witness():
    with Folder() as f:
        before = put(f, "a.yaml", POLICY)
        after = put(f, "b.yaml", POLICY.replace("500000", "400000"))
        answer = json.loads(run("policy", "diff", before, after, code=1).stdout)
        change, = answer["changes"]
        assert change["before"]["effect"] == "deny" and change["after"] == {"effect": "allow", "rule": "read"}, change
        request = put(f, "r.json", json.dumps(change["request"]))
        assert json.loads(run("policy", "explain", before, request, code=1).stdout)["effect"] == "deny"
        assert json.loads(run("policy", "explain", after, request).stdout)["effect"] == "allow"
        assert json.loads(run("policy", "diff", before, before).stdout)["changes"] == []


@case
def dry_run_decides_again_what_was_recorded():
    with Folder() as f:
        store = make_store(f, calls=("read", "write"))
        policy = put(f, "p.yaml", "version: 1\nname: p\nrules:\n  - {id: no, effect: deny, tools: write}\n"
                     "  - {id: yes, effect: allow, tools: read}\n")
        rows = lines("--store", store, "policy", "dry-run", policy, code=1)
        assert rows[-1]["calls"] >= 2 and rows[-1]["changed"] == len(rows) - 1, rows
        changed = [row for row in rows[:-1] if row["tool"] == "write"]
        assert changed and all(row["after"] == "deny" and row["rule"] == "no" for row in changed), rows
        out = run("--store", store, "policy", "dry-run", policy, code=1)
        assert "now deny by no" in out.stdout, out.stdout


if __name__ == "__main__":
    raise SystemExit(main())
