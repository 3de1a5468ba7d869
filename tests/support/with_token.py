"""Runs a program with a fresh SoftHSM token: with_token.py PROGRAM. Twice, so that the second run finds the key that the
first one made. Skips (77) where SoftHSM is not installed."""
import os
import shutil
import subprocess
import sys
import tempfile

MODULES = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so",
           "/usr/local/lib/softhsm/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so"]


def main(program):
    tool = shutil.which("softhsm2-util")
    module = next((m for m in MODULES if os.path.exists(m)), None)
    if not tool or not module:
        print("SoftHSM is not installed")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "tokens"))
        configuration = os.path.join(folder, "softhsm2.conf")
        with open(configuration, "w") as f:
            f.write(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
        environment = dict(os.environ, SOFTHSM2_CONF=configuration, AIM_PIN="1234")
        # The token's module leaks inside libcrypto and is unloaded before the program ends, so a leak
        # checker can neither place nor suppress it.
        environment["ASAN_OPTIONS"] = environment.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        subprocess.run([tool, "--init-token", "--free", "--label", "libaim", "--pin", "1234", "--so-pin", "5678"],
                       env=environment, check=True, stdout=subprocess.DEVNULL)
        said = [subprocess.run([program, module, "libaim", "agent"], env=environment, check=True,
                               stdout=subprocess.PIPE, text=True).stdout for _ in range(2)]
        print(said[0], end="")
        if said[0] != said[1] or "verified" not in said[0]:
            print("the second run used another key:", said[1])
            return 1
        wrong = subprocess.run([program, module, "libaim", "agent"], env=dict(environment, AIM_PIN="0000"),
                               stderr=subprocess.DEVNULL)
        return 0 if wrong.returncode == 1 else 1


sys.exit(main(sys.argv[1]))
