"""The settings contract: one strict, documented model, and no SDK to read it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fahr_core.settings.resolve import load_model
from fahr_core.testing.fixtures import DriverFixtures
from fahr_core.testing.packaging import imported_by, own_modules
from fahr_core.testing.promises import broken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

    from fahr_core.session import Session

__all__ = ["SettingsContract"]

#: What a model of settings may import: pydantic and what it needs.
_FREE = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}


class SettingsContract(DriverFixtures):
    """A driver's settings are one pydantic model that refuses what it does not know."""

    @pytest.fixture
    def model(self, session: Session) -> type[BaseModel]:
        """Give the driver's settings model."""
        return load_model(session.info.settings)

    def test_the_model_is_strict(self, model: type[BaseModel]) -> None:
        """A key that the model does not know is refused: it is a misspelt one."""
        from pydantic import BaseModel, ValidationError

        assert issubclass(model, BaseModel), broken("the settings are a pydantic model", model)
        strict = model.model_config.get("extra") == "forbid"
        assert strict, broken('an unknown setting is refused: extra="forbid"', model.__name__)
        with pytest.raises(ValidationError) as refused:
            model.model_validate({**self.settings, "no_such_setting": 1})
        found = [error["loc"] for error in refused.value.errors()]
        assert ("no_such_setting",) in found, broken("the unknown setting is named", found)

    def test_every_setting_is_documented(self, model: type[BaseModel]) -> None:
        """Each field has a description: it is the help and the page of the documentation."""
        silent = [name for name, field in model.model_fields.items() if not field.description]
        assert not silent, broken("every setting has a description", ", ".join(silent))

    def test_the_schema_is_json(self, model: type[BaseModel]) -> None:
        """The model gives a JSON schema that lists every setting."""
        schema = json.loads(json.dumps(model.model_json_schema()))
        listed, fields = set(schema.get("properties", {})), set(model.model_fields)
        assert listed == fields, broken("the JSON schema lists every setting", listed ^ fields)

    def test_the_settings_suffice(self, model: type[BaseModel]) -> None:
        """What this test class gives as ``settings`` is valid and all that is required."""
        required = {name for name, field in model.model_fields.items() if field.is_required()}
        missing = required - set(self.settings)
        assert not missing, broken("the settings of the test class are all required ones", missing)
        problem = _problem(model, self.settings)
        assert problem is None, broken("the settings of the test class are valid", problem)

    def test_the_defaults_are_valid(self, model: type[BaseModel]) -> None:
        """A default passes the model's own checks; what is not validated fails later."""
        values = model.model_validate(dict(self.settings)).model_dump(mode="json")
        problem = _problem(model, values)
        assert problem is None, broken("every default is a valid value", problem)

    def test_the_values_survive_json(self, model: type[BaseModel]) -> None:
        """Values go into the ledger as JSON and come back the same."""
        before = model.model_validate(dict(self.settings))
        text = json.dumps(before.model_dump(mode="json"))
        after: Any = model.model_validate(json.loads(text))
        assert after == before, broken("settings are the same after a turn through JSON", text)

    def test_reading_the_model_imports_no_sdk(self, session: Session) -> None:
        """The module of the model imports pydantic and no SDK: ``fahr config`` reads it."""
        place = session.info.settings
        opened = f"session.open_session({(session.train.path or session.train.name)!r})"
        code = f"from fahr_core.settings.resolve import load_model; load_model({place!r})"
        free = _FREE | self.light_imports | own_modules(session.train)
        heavy = imported_by(f"{opened}; {code}") - free
        assert not heavy, broken("the settings' module imports no SDK", ", ".join(sorted(heavy)))


def _problem(model: type[BaseModel], values: Mapping[str, Any]) -> Exception | None:
    """Give what a model has against values, None when they are valid."""
    from pydantic import ValidationError

    try:
        model.model_validate(dict(values))
    except ValidationError as error:
        return error
    return None
