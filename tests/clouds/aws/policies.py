"""SimulatePrincipalPolicy, which moto cannot: what was denied is denied, all else allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.clouds.aws.answers import REQUEST_ID
from tests.clouds.striking import Answer

if TYPE_CHECKING:
    from tests.clouds.aws.calls import Call

NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def simulate(call: Call, denied: set[str]) -> Answer | None:
    """Answer iam:SimulatePrincipalPolicy; None for every other call."""
    if call.name != "iam:SimulatePrincipalPolicy":
        return None
    actions = [value for name, value in call.parameters.items() if name.startswith("ActionNames.")]
    members = "".join(_member(action, action not in denied) for action in actions)
    text = (
        f'<SimulatePrincipalPolicyResponse xmlns="{NAMESPACE}"><SimulatePrincipalPolicyResult>'
        f"<IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>"
        f"</SimulatePrincipalPolicyResult><ResponseMetadata><RequestId>{REQUEST_ID}</RequestId>"
        "</ResponseMetadata></SimulatePrincipalPolicyResponse>"
    )
    return Answer(200, text.encode(), (("Content-Type", "text/xml"),))


def _member(action: str, allowed: bool) -> str:
    decision = "allowed" if allowed else "implicitDeny"
    return (
        f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>*</EvalResourceName>"
        f"<EvalDecision>{decision}</EvalDecision><MatchedStatements/><MissingContextValues/>"
        "</member>"
    )
