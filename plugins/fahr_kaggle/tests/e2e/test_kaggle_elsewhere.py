"""Another machine, another person, another folder: a ledger that knows nothing."""

from __future__ import annotations

import shutil
import subprocess

from tests.clouds.kaggle import Account
from tests.clouds.kaggle.saving import Saving


def another_machine(fahr):
    fahr.variables["FAHR_HOME"] = str(fahr.home.parent / "another-machine")


def test_output_is_fetched_by_the_services_name_from_an_empty_ledger(fahr, cloud):
    fahr.write("train.py", "n = 1\nopen('model.txt', 'w').write(f'weights {n}')\n")
    for number in (1, 2):
        fahr.sent("train.py", "-p", f"n={number}")
    another_machine(fahr)
    assert fahr.jobs() == {}
    fahr("fetch", "--wait", "./latest/", "anna/train", "--train-driver=kaggle")
    assert (fahr.folder / "latest/model.txt").read_text() == "weights 2"
    fahr("fetch", "./first/", "anna/train/1", "--train-driver=kaggle")
    assert (fahr.folder / "first/model.txt").read_text() == "weights 1"
    fahr("fetch", "./same/", "anna/train.py", "--train-driver=kaggle")
    assert (fahr.folder / "same/model.txt").read_text() == "weights 2"
    assert "complete" in fahr("status", "anna/train", "--train-driver=kaggle").stdout


def test_what_fahr_did_not_push_can_be_fetched_too(fahr, cloud, outside):
    asked = {"newTitle": "By hand", "language": "python", "kernelType": "script"}
    Saving(cloud, cloud.me, asked | {"text": "open('model.txt', 'w')"}).answer()
    assert cloud.wait("anna/by-hand").status == "COMPLETE"
    fahr("fetch", "--wait", "./out/", "anna/by-hand", "--train-driver=kaggle")
    assert (fahr.folder / "out/model.txt").exists()


def test_another_experiments_kernel_is_not_overwritten(fahr, cloud):
    fahr.write("train.py", "print('mine')\n")
    fahr.sent("train.py")
    another_machine(fahr)
    fahr.folder = fahr.folder.parent / "elsewhere"
    fahr.folder.mkdir()
    fahr.write("train.py", "print('another')\n")
    said = fahr.error("fit", "train.py", "--train-driver=kaggle")
    assert "slug" in said
    assert len(cloud.sessions) == 1
    _, session = fahr.sent("train.py", "-c", "slug=another-train")
    assert session.slug == "another-train"


def test_a_folder_of_the_same_name_is_another_experiment(fahr, cloud):
    fahr.write("train.py", "print('mine')\n")
    fahr.sent("train.py")
    another_machine(fahr)
    fahr.folder = fahr.folder.parent / "elsewhere" / fahr.folder.name
    fahr.folder.mkdir(parents=True)
    fahr.write("train.py", "print('mine')\n")
    said = fahr.error("fit", "train.py", "--train-driver=kaggle")
    assert "slug" in said
    assert len(cloud.sessions) == 1
    (line,) = [line for line in said.splitlines() if line.strip().startswith("echo ")]
    subprocess.run(line.partition("    this folder")[0], shell=True, check=True, cwd=fahr.folder)
    fahr.sent("train.py")
    assert len(cloud.kernels["anna/train"].versions) == 2


def test_a_folder_copied_to_another_machine_or_renamed_goes_on(fahr, cloud):
    fahr.write("train.py", "print('mine')\n")
    fahr.sent("train.py")
    another_machine(fahr)
    first = fahr.folder
    fahr.folder = first.parent / "elsewhere" / first.name
    shutil.copytree(first, fahr.folder)
    fahr.sent("train.py")
    fahr.folder = fahr.folder.rename(first.parent / "elsewhere" / "letters")
    fahr.sent("train.py")
    assert [version.number for version in cloud.kernels["anna/train"].versions] == [1, 2, 3]


def test_what_fahr_copy_makes_is_another_experiment(fahr, cloud):
    fahr.write("train.py", "print('mine')\n")
    fahr.sent("train.py")
    fahr("copy", ".", "../letters", "--include-training-artifact=train.py")
    fahr.folder = fahr.folder.parent / "letters"
    assert "slug" in fahr.error("fit", "train.py", "--train-driver=kaggle")
    assert len(cloud.sessions) == 1


def test_the_same_experiment_elsewhere_makes_the_next_version(fahr, cloud):
    fahr.write("train.py", "print('mine')\n")
    fahr.sent("train.py")
    another_machine(fahr)
    fahr.sent("train.py")
    assert [version.number for version in cloud.kernels["anna/train"].versions] == [1, 2]


def test_anothers_private_kernel_is_not_there(fahr, cloud):
    fahr.write("train.py", "print('mine')\n")
    fahr.sent("train.py")
    another_machine(fahr)
    bert = cloud.accounts.add(Account("bert"))
    fahr.variables |= cloud.environment(bert)
    said = fahr.error("fetch", "./out/", "anna/train", "--train-driver=kaggle", status=2)
    assert "anna/train" in said
