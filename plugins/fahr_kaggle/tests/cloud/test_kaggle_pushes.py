"""What a push has to be, and the traps in its answer."""

from __future__ import annotations

import pytest
from kaggle_sdk import client_of, save, status
from requests.exceptions import HTTPError
from tests.clouds.kaggle import Account, Limits, Pace

LONG_RUN = "import time; time.sleep(600)"


def code_of(error):
    return error.value.response.status_code


def test_the_title_makes_the_slug_and_then_is_in_use(client, cloud):
    pushed = save(client, slug="anna/my-train", new_title="Another title")
    assert pushed.ref == "/code/anna/another-title"
    with pytest.raises(HTTPError, match="already in use by a notebook") as error:
        save(client, slug="anna/my-train", new_title="Another title")
    assert code_of(error) == 409
    with pytest.raises(HTTPError, match=r"'kernels\.get' was denied") as error:
        status(client, "my-train")
    assert code_of(error) == 403


def test_another_title_renames_a_kernel(client, cloud):
    save(client)
    pushed = save(client, new_title="Newly named")
    assert (pushed.ref, pushed.version_number) == ("/code/anna/newly-named", 2)
    assert "anna/train-it" not in cloud.kernels


@pytest.mark.parametrize("title", ["four", "x" * 51])
def test_titles_have_5_to_50_characters(client, title):
    with pytest.raises(HTTPError, match="Title") as error:
        save(client, new_title=title)
    assert code_of(error) == 400
    assert save(client, new_title="x" * 50).version_number == 1


def test_the_source_is_smaller_than_a_megabyte(client, cloud):
    with pytest.raises(HTTPError, match="smaller than 1 MB"):
        save(client, "#" * 1_000_000)
    assert cloud.kernels.all() == []
    assert save(client, "#" * 999_999).version_number == 1


def test_cells_are_one_string_each(client):
    text = '{"cells": [{"cell_type": "code", "source": ["a", "b"]}]}'
    with pytest.raises(HTTPError) as error:
        save(client, text, kernel_type="notebook")
    assert code_of(error) == 500


def test_a_kernel_that_is_not_there_by_number_is_an_error_in_a_200(client):
    pushed = save(client, id=1)
    assert (pushed.error, pushed.version_number) == ("Notebook not found", 0)


def test_an_absent_kernel_is_seen_only_after_a_while(clouds, outside):
    cloud = clouds(pace=Pace(unseen_calls=2, unseen_seconds=600))
    with client_of(cloud, outside) as client:
        save(client)
        for _ in range(2):
            with pytest.raises(HTTPError) as error:
                status(client)
            assert code_of(error) == 404
        assert status(client).status.name in ("QUEUED", "RUNNING", "COMPLETE")


def test_sources_that_cannot_be_used_are_dropped_and_the_run_starts(client, cloud):
    cloud.datasets.put("anna", "my-data", {"a/b.csv": "1,2"})
    cloud.accounts.add(Account("bert"))
    cloud.datasets.put("bert", "his-data", {"c.csv": ""})
    text = "import glob; print(sorted(glob.glob('/kaggle/input/**', recursive=True)))"
    pushed = save(
        client,
        text,
        dataset_data_sources=["anna/my-data", "bert/his-data"],
        kernel_data_sources=["anna/never-run"],
        competition_data_sources=["titanic"],
        model_data_sources=["a/b/c/d/1"],
    )
    assert pushed.version_number == 1
    assert pushed.error == ""
    assert pushed.invalid_dataset_sources == ["bert/his-data"]
    assert pushed.invalid_kernel_sources == ["anna/never-run"]
    assert pushed.invalid_competition_sources == ["titanic"]
    assert pushed.invalid_model_sources == ["a/b/c/d/1"]
    seen = cloud.wait("anna/train-it").log.text
    assert "/kaggle/input/my-data/a/b.csv" in seen
    assert "his-data" not in seen


def test_inputs_are_where_either_layout_has_them_and_cannot_be_written(clouds, outside):
    cloud = clouds(layout="nested")
    cloud.join("titanic", {"train.csv": "1"})
    cloud.datasets.put("anna", "my-data", {"x": "1"})
    with client_of(cloud, outside) as client:
        save(client, "open('model', 'w').write('weights')", new_title="Prior", slug="anna/prior")
        cloud.wait("anna/prior")
        text = "import glob; print(sorted(glob.glob('/kaggle/input/*/**/*.*')))\n"
        text += "for name in glob.glob('/kaggle/input/**/model', recursive=True): print(name)\n"
        text += "open('/kaggle/input/datasets/anna/my-data/x', 'w')"
        save(
            client,
            text,
            dataset_data_sources=["anna/my-data"],
            kernel_data_sources=["anna/prior"],
            competition_data_sources=["titanic"],
        )
        session = cloud.wait("anna/train-it")
    assert "['/kaggle/input/competitions/titanic/train.csv']" in session.log.text
    assert "/kaggle/input/notebooks/anna/prior/model" in session.log.text
    assert "Read-only file system" in session.log.text


@pytest.mark.parametrize(
    ("values", "name", "most"),
    [({}, "CPU", 5), ({"enable_gpu": True}, "GPU", 2), ({"enable_tpu": True}, "TPU", 1)],
)
def test_sessions_are_limited_and_more_are_refused_in_a_200(client, cloud, values, name, most):
    for number in range(most):
        title = f"Trial {number}"
        assert save(client, LONG_RUN, slug=None, new_title=title, **values).version_number == 1
    refused = save(client, LONG_RUN, slug=None, new_title="One more", **values)
    assert refused.error == f"Maximum batch {name} session count of {most} reached."
    assert refused.version_number == 0
    assert "anna/one-more" not in cloud.kernels
    cloud.sessions[0].cancel()
    cloud.sessions[0].wait()
    assert save(client, LONG_RUN, slug=None, new_title="One more", **values).version_number == 1


def test_pushing_again_starts_a_further_session(client, cloud):
    save(client, LONG_RUN)
    save(client, "print('second')")
    assert cloud.wait("anna/train-it", 2).status == "COMPLETE"
    assert cloud.kernels["anna/train-it"].versions[0].session.active


def test_a_kernel_is_seen_after_a_while_whatever_was_asked(clouds, outside):
    cloud = clouds(pace=Pace(unseen_calls=1000, unseen_seconds=0))
    with client_of(cloud, outside) as client:
        save(client)
        assert status(client).status.name in ("QUEUED", "RUNNING", "COMPLETE")


def test_without_a_version_the_latest_answers(client, cloud):
    save(client, "raise SystemExit(1)")
    cloud.wait("anna/train-it")
    save(client, "print(1)")
    cloud.wait("anna/train-it")
    cloud.kernels["anna/train-it"].unseen = 0
    assert status(client).status.name == "COMPLETE"
    assert status(client, version_label="v1").status.name == "ERROR"
    for label, code in (("1", 400), ("v3", 404)):
        with pytest.raises(HTTPError) as error:
            status(client, version_label=label)
        assert code_of(error) == code


def test_a_weekly_quota_ends(clouds, outside):
    cloud = clouds(limits=Limits(gpu_seconds=3600))
    cloud.me.gpu_used = 3600
    with client_of(cloud, outside) as client:
        refused = save(client, enable_gpu=True)
        assert refused.error == "Maximum weekly GPU quota of 1.00 hours reached."
        quota = client.kernels.kernels_api_client.get_accelerator_quota_statistics()
    assert quota.gpu_quota.time_used == quota.gpu_quota.total_time_allowed
    assert quota.tpu_quota.time_used.total_seconds() == 0


def test_a_private_kernel_is_its_owners_alone(client, cloud, outside):
    save(client)
    cloud.wait("anna/train-it")
    bert = cloud.accounts.add(Account("bert"))
    with client_of(cloud, outside, bert) as other:
        with pytest.raises(HTTPError) as error:
            status(other)
        assert code_of(error) == 403
        save_public = save(client, is_private=False)
        assert save_public.version_number == 2
        cloud.wait("anna/train-it")
        cloud.kernels["anna/train-it"].unseen = 0
        assert status(other).status.name == "COMPLETE"


def test_wrong_credentials_are_401(cloud, outside):
    with client_of(cloud, outside, Account("anna", key="wrong")) as client:
        with pytest.raises(HTTPError, match="Unauthenticated") as error:
            save(client)
        assert code_of(error) == 401


def test_an_access_token_is_good_too(cloud, outside):
    outside.setenv("KAGGLE_API_TOKEN", cloud.me.token)
    with client_of(cloud, outside) as client:
        save(client)
    assert cloud.calls[-1].credentials == "Bearer"
