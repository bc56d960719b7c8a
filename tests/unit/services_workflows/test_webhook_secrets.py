"""Tokens and secrets of webhooks."""

from base64 import b64decode
from uuid import uuid4

import pytest

from services.workflows.adapters.webhook_secrets import DerivedWebhookSecrets
from services.workflows.settings import WorkflowsSettings
from shared.config import InsecureSecret, SettingsError, load

SECRETS = DerivedWebhookSecrets("k" * 32)


def test_a_token_leads_back_to_its_webhook() -> None:
    webhook_id = str(uuid4())
    assert SECRETS.webhook_id_of(SECRETS.token_of(webhook_id)) == webhook_id


def test_no_other_text_is_a_token() -> None:
    token = SECRETS.token_of(str(uuid4()))
    forged = [token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in range(len(token))]
    for text in (*forged, "", token[:-1], token + "A", token + "=", "\u00fc" * 43, "!" * 43, "=" * 43, "A" * 43):
        assert SECRETS.webhook_id_of(text) is None, text


def test_a_token_of_another_key_is_none() -> None:
    assert SECRETS.webhook_id_of(DerivedWebhookSecrets("l" * 32).token_of(str(uuid4()))) is None


def test_secrets_differ_by_key_tenant_and_webhook() -> None:
    ids = [str(uuid4()), str(uuid4())]
    secrets = {
        keyed.secret_of(tenant_id, webhook_id)
        for keyed in (SECRETS, DerivedWebhookSecrets("l" * 32))
        for tenant_id in ("a", "b")
        for webhook_id in ids
    }
    assert len(secrets) == 8
    assert {len(b64decode(secret.removeprefix("whsec_"), validate=True)) for secret in secrets} == {32}


def test_a_changed_internal_key_keeps_webhooks_alive_when_the_old_one_is_named() -> None:
    before = load(WorkflowsSettings, internal_key="o" * 32)
    after = load(WorkflowsSettings, internal_key="n" * 32, webhook_key="o" * 32)
    assert before.webhook_master_key == after.webhook_master_key


def test_production_refuses_a_short_webhook_key() -> None:
    with pytest.raises(InsecureSecret, match="CASARE_WEBHOOK_KEY"):
        load(WorkflowsSettings, environment="production", internal_key="n" * 32, webhook_key="short")
    load(WorkflowsSettings, environment="production", internal_key="n" * 32)


@pytest.mark.parametrize("url", ["orchestrator", "ftp://a", "https://", "https://a/?b", "https://u:p@a", "https://a b"])
def test_a_public_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="CASARE_PUBLIC_URL"):
        load(WorkflowsSettings, public_url=url)
