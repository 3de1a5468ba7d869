#!/usr/bin/env python3
"""The published schema of policies and the compiler agree: on the documents of the manual, and on the fuzzer's seeds."""
import json
import pathlib
import re
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError:
    raise SystemExit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
AIM = sys.argv[1]
# What a schema cannot tell: ids used twice, conditions that can never hold, members given twice.
BEYOND = re.compile("|".join(["ids must differ", "AIM_E_JSON_DUPLICATE", "never", "twice", "no number lies", "means nothing", "must have .rules. with",
                              "default may be", "names none", "this type", r"holds \*\*", "all the types", "only one of"]))


class Loader(yaml.SafeLoader):
    """YAML 1.2: only true and false are truth values, and dates are texts."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in found if tag not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def documents():
    manual = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    for language, text in re.findall(r"^```(json|yaml)\n(.*?)^```", manual, re.M | re.S):
        yield f"docs/policy.md ({language})", text
    for path in sorted((ROOT / "tests" / "fuzz" / "corpus" / "policy").iterdir()):
        try:
            yield path.name, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            pass


def check(validator, name, text):
    """None when both agree or the text is no document at all, else what is wrong."""
    try:
        value = json.loads(text) if text.lstrip()[:1] in ("{", "[") else yaml.load(text, Loader)
    except (ValueError, yaml.YAMLError):
        return None
    fits = validator.is_valid(value)
    r = subprocess.run([AIM, "--json", "policy", "check", "-"], input=text, capture_output=True, text=True, check=False)
    if fits == (r.returncode in (0, 6)):
        return None
    if fits and (BEYOND.search(r.stdout) or "JSON" in r.stderr):
        return None
    return f"{name}: the schema says {fits}, aim says {r.returncode}: {r.stdout} {r.stderr}"


def main():
    schema = json.loads((ROOT / "docs" / "policy.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    answers = [check(validator, name, text) for name, text in documents()]
    assert len(answers) > 10
    for problem in filter(None, answers):
        print(problem)
    return any(answers)


raise SystemExit(main())
