import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fahr_core.errors import DiskError, SettingsError
from fahr_core.settings.writing import (
    changed_text,
    read_settings_text,
    toml_value,
    write_settings_text,
)

# What stands in the lines of a settings file that somebody wrote.
WRITTEN = '''\
# Our baseline; ask Ana before changing it.
train_driver = "local"  # the "laptop" # for now
artifact = "train.py"
params = { lr = 0.1, note = "train_driver = 3" }
include = [
  "a",  # needed
  # timeout = "1h"
  "b",
]

[local-gpu]
# nothing yet

[sagemaker]
role-name = "trainer"   # from Ana

# The rest is for Kaggle.
[kaggle]
slug = """
timeout = 4
"""
'''

VALUES = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["train_driver", "timeout", "include", "new_one", "params"])
DRIVERS = st.sampled_from(["sagemaker", "kaggle", "local-gpu", "gcp"])


def changed(text, **values):
    return changed_text(text, {("", key): value for key, value in values.items()})


def lines_apart(before, after):
    """Give the lines that went and those that came."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def test_a_new_file():
    text = changed_text("", {("", "train_driver"): "moon", ("moon", "role"): "x"})
    assert text == 'train_driver = "moon"\n\n[moon]\nrole = "x"\n'


def test_a_value_changes_where_it_stands_and_keeps_its_comment():
    assert lines_apart(WRITTEN, changed(WRITTEN, train_driver="sagemaker")) == (
        ['train_driver = "local"  # the "laptop" # for now'],
        ['train_driver = "sagemaker"  # the "laptop" # for now'],
    )


def test_a_new_key_goes_to_the_others_of_the_top():
    lines = changed(WRITTEN, timeout="2h").splitlines()
    assert lines[lines.index('timeout = "2h"') - 1 :][:3] == ["]", 'timeout = "2h"', ""]


def test_a_value_over_many_lines_is_replaced_whole():
    text = changed(WRITTEN, include=["c"])
    assert 'include = ["c"]\n\n[local-gpu]' in text
    assert '"a"' not in text


def test_a_new_key_of_a_table_goes_above_the_next_ones_comment():
    text = changed_text(WRITTEN, {("sagemaker", "output_path"): "s3://b/#x"})
    assert '# from Ana\noutput_path = "s3://b/#x"\n\n# The rest' in text


def test_hyphens_and_underscores_are_one():
    text = changed_text(WRITTEN, {("sagemaker", "role_name"): "me", ("local_gpu", "a"): 1})
    assert 'role-name = "me"   # from Ana' in text
    assert "# nothing yet\n" in text
    assert tomllib.loads(text)["local-gpu"] == {"a": 1}


def test_what_is_said_already_changes_nothing():
    values = {("", "train_driver"): "local", ("sagemaker", "role_name"): "trainer"}
    assert changed_text(WRITTEN, values) == WRITTEN


def test_the_outputs_keys_have_a_table():
    assert changed(WRITTEN, output_exclude=["*.tmp"]).endswith('\n[output]\nexclude = ["*.tmp"]\n')


@pytest.mark.parametrize(
    "text", ['[ "sagemaker" ]\n"role_name" = "a"\n', "[sagemaker]\nrole_name = '''a'''"]
)
def test_other_ways_to_write_a_table(text):
    new = changed_text(text, {("sagemaker", "role_name"): "b", ("sagemaker", "a"): 1})
    assert tomllib.loads(new) == {"sagemaker": {"role_name": "b", "a": 1}}


@pytest.mark.parametrize(
    "text", ['sagemaker = { role_name = "a" }\n', 'sagemaker.role_name = "a"\n']
)
def test_a_table_without_lines_of_its_own_is_left_to_its_author(text):
    with pytest.raises(SettingsError, match="without losing") as caught:
        changed_text(text, {("sagemaker", "role_name"): "b"})
    assert caught.value.hints == ('write there: [sagemaker] role_name = "b"',)


def test_windows_line_ends_stay():
    text = WRITTEN.replace("\n", "\r\n")
    new = changed_text(text, {("", "timeout"): "2h", ("gcp", "a"): 1, ("kaggle", "b"): 2})
    assert new.count("\n") == new.count("\r\n") == text.count("\n") + 5


def test_a_byte_order_mark_stays():
    assert changed("\ufeffnodes = 1\n", nodes=2, gpu="any") == '\ufeffnodes = 2\ngpu = "any"\n'


@given(st.dictionaries(st.tuples(DRIVERS, NAMES) | NAMES.map(lambda key: ("", key)), VALUES))
def test_the_file_says_what_it_should_and_what_it_said(values):
    before = tomllib.loads(WRITTEN)
    text = changed_text(WRITTEN, values)
    said = tomllib.loads(text)
    for (whose, key), value in values.items():
        table = said[whose] if whose else said
        assert table[key] == value
        (before.setdefault(whose, {}) if whose else before)[key] = value
    assert said == before
    for comment in ("# Our baseline", "# the rest", "# nothing yet"):
        assert comment.lower() in text.lower()


@given(VALUES)
def test_a_value_is_one_line_of_toml(value):
    text = toml_value(value)
    assert "\n" not in text
    assert tomllib.loads(f"v = {text}") == {"v": value}


@pytest.mark.parametrize("value", [None, object(), {"a": None}, "\ud800"])
def test_what_toml_cannot_hold(value):
    with pytest.raises(SettingsError, match="cannot hold"):
        toml_value(value)


def test_reading_and_writing_a_file(tmp_path):
    file = tmp_path / "fahr.toml"
    assert read_settings_text(file) == ""
    write_settings_text(file, "a = 1\r\n")
    assert file.read_bytes() == b"a = 1\r\n"
    assert read_settings_text(file) == "a = 1\r\n"
    assert [path.name for path in tmp_path.iterdir()] == ["fahr.toml"]


def test_a_link_and_the_rights_stay(tmp_path):
    real = tmp_path / "shared.toml"
    real.write_text("a = 1\n")
    real.chmod(0o640)
    link = tmp_path / "fahr.toml"
    link.symlink_to(real)
    write_settings_text(link, "a = 2\n")
    assert link.is_symlink()
    assert real.read_text() == "a = 2\n"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_no_toml_or_cannot_be_written(tmp_path):
    file = tmp_path / "fahr.toml"
    file.write_text("a = \n")
    with pytest.raises(SettingsError, match=r"fahr\.toml is not valid TOML"):
        read_settings_text(file)
    file.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"cannot read fahr\.toml"):
        read_settings_text(file)
    with pytest.raises(DiskError, match="cannot write"):
        write_settings_text(tmp_path / "none" / "fahr.toml", "")
