"""The routers over the service's use cases."""

from typing import Final

from services.auth.adapters.key_secrets import DerivedSecrets
from services.auth.api.api_key_routes import ApiKeyUseCases, build_api_key_router
from services.auth.api.audit_routes import add_refusals_route, build_audit_router
from services.auth.api.internal_routes import build_internal_router
from services.auth.api.routes import build_router
from services.auth.api.tenant_routes import TenantUseCases, build_tenant_router
from services.auth.api.user_routes import UserUseCases, build_user_router
from services.auth.app.parts import Parts
from services.auth.use_cases.change_own_password import ChangeOwnPassword
from services.auth.use_cases.create_api_key import CreateApiKey
from services.auth.use_cases.create_tenant import CreateTenant
from services.auth.use_cases.create_user import CreateUser
from services.auth.use_cases.get_api_key import GetApiKey
from services.auth.use_cases.get_tenant import GetTenant
from services.auth.use_cases.list_api_keys import ListApiKeys
from services.auth.use_cases.list_audit import ListAudit
from services.auth.use_cases.list_revocations import ListRevocations
from services.auth.use_cases.list_tenants import ListTenants
from services.auth.use_cases.list_users import ListUsers
from services.auth.use_cases.log_in import LogIn
from services.auth.use_cases.log_out import LogOut
from services.auth.use_cases.recheck_session import RecheckSession
from services.auth.use_cases.record_failed_login import RecordFailedLogin
from services.auth.use_cases.record_refusals import RecordRefusals
from services.auth.use_cases.refresh_tokens import RefreshTokens
from services.auth.use_cases.reveal_api_key import RevealApiKey
from services.auth.use_cases.rotate_api_key import RotateApiKey
from services.auth.use_cases.set_membership import SetMembership
from services.auth.use_cases.update_tenant import UpdateTenant
from services.auth.use_cases.update_user import UpdateUser
from services.auth.use_cases.verify_api_key import VerifyApiKey
from services.auth.use_cases.verify_audit import VerifyAudit
from shared.web import ContractRouter


def auth_router(parts: Parts) -> ContractRouter:
    settings, runtime = parts.settings, parts.runtime
    recheck_session = RecheckSession(users=parts.users, tenants=parts.tenants)
    log_in = LogIn(
        authenticate=parts.authenticate,
        recheck_session=recheck_session,
        revoke_session=parts.revoke_session,
        record_failed_login=RecordFailedLogin(
            users=parts.users, entries=parts.audit_entries, clock=runtime.clock, new_id=runtime.new_id
        ),
        sessions=parts.sessions,
        tokens=parts.tokens,
        lifetimes=settings.lifetimes,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    refresh_tokens = RefreshTokens(
        recheck_session=recheck_session,
        sessions=parts.sessions,
        revoke_session=parts.revoke_session,
        tokens=parts.tokens,
        lifetimes=settings.lifetimes,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    return build_router(
        log_in=log_in,
        refresh_tokens=refresh_tokens,
        log_out=LogOut(revoke_session=parts.revoke_session),
        dev_mode=settings.dev_mode,
    )


def user_router(parts: Parts) -> ContractRouter:
    users, runtime, passwords, line = parts.users, parts.runtime, parts.passwords, parts.line
    update = UpdateUser(
        get_user=parts.get_user,
        store=parts.store_user_change,
        passwords=passwords,
        line=line,
        clock=runtime.clock,
    )
    change_own_password = ChangeOwnPassword(
        authenticate=parts.authenticate,
        users=users,
        sessions=parts.sessions,
        end_sessions=parts.end_sessions,
        passwords=passwords,
        line=line,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    use_cases = UserUseCases(
        create=CreateUser(users=users, passwords=passwords, line=line, clock=runtime.clock, new_id=runtime.new_id),
        list=ListUsers(users=users),
        get=parts.get_user,
        update=update,
        remove=parts.remove_user,
        change_own_password=change_own_password,
    )
    return build_user_router(use_cases, idempotent=parts.idempotent)


def tenant_router(parts: Parts) -> ContractRouter:
    users, tenants, runtime = parts.users, parts.tenants, parts.runtime
    set_membership = SetMembership(users=users, tenants=tenants, store=parts.store_user_change)
    create = CreateTenant(
        users=users, tenants=tenants, set_membership=set_membership, clock=runtime.clock, new_id=runtime.new_id
    )
    use_cases = TenantUseCases(
        create=create,
        list=ListTenants(users=users, tenants=tenants),
        get=GetTenant(users=users, tenants=tenants),
        update=UpdateTenant(tenants=tenants, clock=runtime.clock, new_id=runtime.new_id),
        set_membership=set_membership,
        remove_user=parts.remove_user,
    )
    return build_tenant_router(use_cases, idempotent=parts.idempotent)


def api_key_router(parts: Parts) -> ContractRouter:
    runtime, api_keys = parts.runtime, parts.api_keys
    key_secrets = DerivedSecrets(parts.settings.signing_seed)
    create = CreateApiKey(api_keys=api_keys, key_secrets=key_secrets, clock=runtime.clock, new_id=runtime.new_id)
    rotate = RotateApiKey(
        api_keys=api_keys,
        create_api_key=create,
        revoke_api_key=parts.revoke_api_key,
        clock=runtime.clock,
        new_id=runtime.new_id,
    )
    use_cases = ApiKeyUseCases(
        create=create,
        reveal=RevealApiKey(api_keys=api_keys, key_secrets=key_secrets),
        rotate=rotate,
        revoke=parts.revoke_api_key,
        list=ListApiKeys(api_keys=api_keys),
        get=GetApiKey(api_keys=api_keys),
    )
    return build_api_key_router(use_cases, idempotent=parts.idempotent, clock=runtime.clock)


def audit_router(parts: Parts) -> ContractRouter:
    entries = parts.audit_entries
    return build_audit_router(
        list_audit=ListAudit(entries), verify_audit=VerifyAudit(entries=entries, chain=parts.audit_chain)
    )


def internal_router(parts: Parts) -> ContractRouter:
    clock = parts.runtime.clock
    verify_api_key = VerifyApiKey(
        api_keys=parts.api_keys, tenants=parts.tenants, record_use=parts.record_use, clock=clock
    )
    router = build_internal_router(
        verify_api_key=verify_api_key,
        list_revocations=ListRevocations(sessions=parts.sessions, api_keys=parts.api_keys, clock=clock),
        jwks=parts.keys.as_jwks(),
    )
    add_refusals_route(router, RecordRefusals(parts.audit_entries))
    return router


BUILDERS: Final = (auth_router, user_router, tenant_router, api_key_router, audit_router, internal_router)
