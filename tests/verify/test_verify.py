#!/usr/bin/env python3
"""aim-verify says valid for what the log gave out, and for nothing else.

Usage: test_verify.py AIM_VERIFY MAKE_RECEIPTS GOLDEN_FOLDER
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

PROGRAM, MAKE, GOLDEN = map(os.path.abspath, sys.argv[1:4])
FOLDER = tempfile.mkdtemp(prefix="aim-verify-")


def read(name, folder=None):
    with open(os.path.join(folder or FOLDER, name), "rb") as file:
        return file.read()


def write(name, data):
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as file:
        file.write(data)
    return path


def run(*args, stdin=b"", folder=None):
    done = subprocess.run([PROGRAM, *args], cwd=folder or FOLDER, input=stdin, capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Verify(unittest.TestCase):
    folder = None

    def setUp(self):
        self.key = read("vkey", self.folder).decode()
        self.witness = read("vkey-witness", self.folder).decode()

    def run_key(self, verb, *args, **more):
        return run(verb, "--key", self.key, *args, folder=self.folder, **more)

    def expect(self, code, text, answer):
        self.assertEqual((answer[0], text in answer[1] + answer[2]), (code, True), answer)

    def test_receipts(self):
        names = ["receipt-16", "unsalted-16"] + [f"receipt-{i}" for i in range(42) if self.folder is None]
        code, out, err = self.run_key("receipt", *names)
        self.assertEqual((code, err), (0, ""), out)
        self.assertEqual(out.splitlines()[0], "receipt-16: valid: tool_call write_file deny at "
                         "2026-11-25T09:46:40.000000Z, record 16 of 42 in log example.com/log")
        self.assertEqual(out.count(": valid: "), len(names))

    def test_record_and_standard_input(self):
        code, out, _ = self.run_key("receipt", "--record", "-", stdin=read("receipt-16", self.folder) + b"\n")
        self.assertEqual((code, out.splitlines()[1].encode()), (0, read("record", self.folder)))

    def test_arguments(self):
        self.expect(0, "with these arguments", self.run_key("receipt", "--arguments", "arguments", "receipt-2"
                                                             if self.folder is None else "receipt-0"))

    def test_witnesses(self):
        self.expect(0, "42 records, cosigned by witness.example/w1",
                    self.run_key("checkpoint", "--witness", self.witness, "newer"))

    def test_proofs(self):
        self.expect(0, "valid: tool_call write_file deny at 2026-11-25T09:46:40.000000Z, record 16 of 42",
                    self.run_key("inclusion", "--checkpoint", "newer", "--position", "16", "--proof", "inclusion",
                                 "record"))
        self.expect(0, "the first 17 of 42 records",
                    self.run_key("consistency", "--older", "older", "--proof", "consistency", "newer"))


class Golden(Verify):
    folder = GOLDEN


class Refusals(unittest.TestCase):
    def setUp(self):
        self.key = read("vkey").decode()

    def expect(self, code, text, *args, **more):
        answer = run(*args, **more)
        self.assertEqual((answer[0], text in answer[1] + answer[2]), (code, True), answer)
        if code:
            self.assertNotIn(": valid: ", answer[1])

    def flips(self, verb, name, *args):
        """All single-bit changes of a file, many to a run."""
        data, paths = read(name), []
        for bit in range(8 * len(data)):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            paths.append(write(f"flip-{bit}", bytes(changed)))
        for first in range(0, len(paths), 2000):
            some = [os.path.basename(p) for p in paths[first:first + 2000]]
            code, out, err = run(verb, "--key", self.key, *args, *some)
            self.assertEqual((code, err, out.count(": invalid: "), out.count("\n")), (1, "", len(some), len(some)))
        for path in paths:
            os.remove(path)

    def test_every_flipped_bit_of_a_receipt(self):
        self.flips("receipt", "unsalted-16")
        self.flips("receipt", "receipt-1")

    def test_every_flipped_bit_of_a_receipt_with_its_arguments(self):
        self.flips("receipt", "receipt-2", "--arguments", "arguments")

    def test_every_flipped_bit_of_a_checkpoint(self):
        lines = read("older").splitlines(keepends=True)
        write("alone", b"".join(lines[:-1]))  # a signature of a stranger may say what it wants
        self.flips("checkpoint", "alone")
        self.flips("checkpoint", "older", "--witness", read("vkey-witness").decode())

    def test_cut_and_longer(self):
        data = read("receipt-16")
        names = [os.path.basename(write(f"cut-{n}", data[:n])) for n in range(len(data))]
        names.append(os.path.basename(write("cut-more", data + b"x")))
        names.append(os.path.basename(write("cut-twice", data + b"\n\n")))
        code, out, err = run("receipt", "--key", self.key, *names)
        self.assertEqual((code, err, out.count(": invalid: ")), (1, "", len(names)))

    def test_rubbish_and_huge(self):
        write("rubbish", bytes(range(256)) * 16)
        write("huge", b"[" * (64 << 20))
        write("padded", read("receipt-16") + b" " * (8 << 20))
        for name in ("rubbish", "huge", "padded"):
            for verb in ("receipt", "checkpoint"):
                self.expect(1, f"{name}: invalid: ", verb, "--key", self.key, name)

    def test_other_keys_and_logs(self):
        other, stranger = read("vkey-other").decode(), read("vkey-stranger").decode()
        self.expect(1, "AIM_E_AUDIT_UNSIGNED", "receipt", "--key", other, "receipt-16")
        self.expect(1, "AIM_E_AUDIT_FORK", "receipt", "--key", self.key, "--origin", "example.com/b", "receipt-16")
        self.expect(1, "AIM_E_AUDIT_UNSIGNED", "checkpoint", "--key", self.key, "--witness", stranger, "newer")
        self.expect(1, "AIM_E_AUDIT_UNSIGNED", "receipt", "--key", self.key, "--witness",
                    read("vkey-witness").decode(), "receipt-16")

    def test_other_arguments_and_proofs(self):
        write("others", b'{"path":"/etc/shadow"}')
        self.expect(1, "AIM_E_AUDIT_CORRUPT", "receipt", "--key", self.key, "--arguments", "others", "receipt-2")
        self.expect(1, "AIM_E_AUDIT_CORRUPT", "inclusion", "--key", self.key, "--checkpoint", "newer", "--proof",
                    "inclusion", "--position", "15", "record")
        self.expect(1, "AIM_E_AUDIT_FORK", "consistency", "--key", self.key, "--older", "older", "--proof",
                    "inclusion", "newer")
        write("bad-proof", read("consistency")[:-1])
        self.expect(1, "invalid", "consistency", "--key", self.key, "--older", "older", "--proof", "bad-proof",
                    "newer")

    def test_one_bad_file_of_many(self):
        write("bad", read("receipt-16")[:-1])
        code, out, _ = run("receipt", "--key", self.key, "receipt-3", "bad", "receipt-5")
        self.assertEqual((code, out.count(": valid: "), out.count(": invalid: ")), (1, 2, 1))
        self.assertEqual(run("receipt", "--quiet", "--key", self.key, "receipt-3", "bad"), (1, "", ""))
        self.assertEqual(run("receipt", "--quiet", "--key", self.key, "receipt-3"), (0, "", ""))

    def test_terminals_are_safe(self):
        self.expect(0, r"clear\x1b[2J\xc3\xa9", "receipt", "--key", self.key, "receipt-4")

    def test_usage(self):
        for args in ([], ["nonsense"], ["receipt"], ["receipt", "--key", self.key], ["receipt", "receipt-1"],
                     ["receipt", "--key"], ["receipt", "--key", "rubbish", "receipt-1"],
                     ["receipt", "--key", read("vkey-witness").decode(), "receipt-1"],
                     ["receipt", "--key", self.key, "--witness", self.key, "receipt-1"],
                     ["receipt", "--key", self.key, "--proof", "inclusion", "receipt-1"],
                     ["receipt", "--key", self.key, "absent"],
                     ["receipt", "--key", self.key, "--arguments", "absent", "receipt-1"],
                     ["consistency", "--key", self.key, "--older", "older", "--proof", "consistency", "newer", "newer"],
                     ["inclusion", "--key", self.key, "--checkpoint", "newer", "--position", "x", "--proof",
                      "inclusion", "record"]):
            code, out, err = run(*args)
            self.assertEqual((code, out), (2, ""), args)
            self.assertTrue(err.startswith("aim-verify: "), args)
        self.assertEqual(run("--help")[0], 0)


if __name__ == "__main__":
    try:
        subprocess.run([MAKE, FOLDER], check=True)
        done = unittest.main(argv=sys.argv[:1], exit=False)
        sys.exit(not done.result.wasSuccessful())
    finally:
        shutil.rmtree(FOLDER)
