-- Mail that waits to be sent, links that were mailed, and who people are at other providers. Whatever is secret is here as
-- its SHA-256 (hex): a link's token is made when its mail is sent, so even a mail that waits holds none.

-- Null: nobody has shown yet that the address is theirs.
alter table users add column email_verified_at timestamptz;

-- Mail: written by the transaction that wants it, sent outside of any request by whichever replica claims it.
create table mail_outbox (
    id         uuid        primary key,
    -- Which text, and so which link; the server refuses what it does not know.
    template   text        not null check (char_length(template) between 1 and 50),
    recipient  text        not null check (char_length(recipient) between 3 and 255),
    -- Whom it is for. Null: whoever has the address when it is sent, which may be nobody. Looked up then and not when
    -- it is asked for, so that asking takes the same time for known and for unknown addresses.
    user_id    uuid        references users (id),
    -- What the text names: addresses and words of ours, never a secret.
    params     jsonb       not null default '{}',
    -- Who asked for it, to count what comes from one place; null where it follows from something else.
    ip         inet,
    created_at timestamptz not null default now(),
    due_at     timestamptz not null default now(),
    tries      integer     not null default 0,
    -- Sent, or for nobody, or given up.
    settled_at timestamptz,
    failure    text        check (char_length(failure) <= 500)
);
create index mail_outbox_due on mail_outbox (due_at) where settled_at is null;
create index mail_outbox_recipient on mail_outbox (recipient, created_at);
create index mail_outbox_ip on mail_outbox (ip, created_at) where ip is not null;

-- Links that were mailed, and codes that end a sign-in at another provider: each is used once.
create table magic_links (
    digest      text        primary key check (char_length(digest) = 64),
    user_id     uuid        not null references users (id),
    purpose     text        not null
        check (purpose in ('verify_email', 'reset_password', 'magic_link', 'change_email', 'exchange')),
    -- The address that it was sent to. It proves this one only: when the person has another by then, it is nothing.
    email       text        not null check (char_length(email) <= 255),
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    consumed_at timestamptz
);
create index magic_links_user on magic_links (user_id);
create index magic_links_expiry on magic_links (expires_at);

-- Sign-ins under way at another provider. The digest is over the state and a secret in the browser's cookie, so that the
-- row is found only by the browser that began; PKCE's verifier and the nonce are made of that secret too, and not kept.
create table oauth_flows (
    digest      text        primary key check (char_length(digest) = 64),
    provider    text        not null check (char_length(provider) <= 50),
    -- Who is signed in and links; null: who signs in.
    user_id     uuid        references users (id),
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    consumed_at timestamptz
);
create index oauth_flows_expiry on oauth_flows (expires_at);
create index oauth_flows_user on oauth_flows (user_id);

-- Who people are elsewhere. A subject is unique and permanent within its issuer; an address is neither.
create table oauth_identities (
    issuer       text        not null check (char_length(issuer) <= 255),
    subject      text        not null check (char_length(subject) <= 255),
    user_id      uuid        not null references users (id),
    -- As the installation's settings call it.
    provider     text        not null check (char_length(provider) <= 50),
    -- As the provider said it at the last sign-in.
    email        text        check (char_length(email) <= 255),
    created_at   timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    primary key (issuer, subject)
);
create unique index oauth_identities_person on oauth_identities (user_id, provider);

do $$
declare
    name text;
begin
    foreach name in array array['mail_outbox', 'magic_links', 'oauth_flows', 'oauth_identities']
    loop
        execute format('alter table %I enable row level security', name);
        execute format('alter table %I force row level security', name);
    end loop;
    foreach name in array array['magic_links', 'oauth_identities']
    loop
        execute format('create policy own_row on %I to groundwork_app '
                       'using (user_id = nullif(current_setting(''app.user_id'', true), '''')::uuid) '
                       'with check (user_id = nullif(current_setting(''app.user_id'', true), '''')::uuid)', name);
    end loop;
end $$;

-- Mail and flows are reached through the functions below only.
grant insert, update (consumed_at), select (user_id, purpose, consumed_at) on magic_links to groundwork_app;
grant select, insert, update (email, last_used_at), delete on oauth_identities to groundwork_app;
grant select (email_verified_at), update (email, email_verified_at, password_hash) on users to groundwork_app;

create policy definer_all on mail_outbox to groundwork_definer using (true) with check (true);
create policy definer_all on magic_links to groundwork_definer using (true) with check (true);
create policy definer_all on oauth_flows to groundwork_definer using (true) with check (true);
create policy definer_reads on oauth_identities for select to groundwork_definer using (true);
grant select, insert, delete, update (due_at, tries, settled_at, failure) on mail_outbox to groundwork_definer;
grant select, delete, update (consumed_at) on magic_links to groundwork_definer;
grant select, insert, delete, update (consumed_at) on oauth_flows to groundwork_definer;
grant select (issuer, subject, user_id) on oauth_identities to groundwork_definer;
grant select (email_verified_at) on users to groundwork_definer;

grant create on schema public to groundwork_definer;

-- Mail ----------------------------------------------------------------------------------------------------------------

-- Leaves a mail to be sent; false: so many went to this address, or were asked for from this place, within the window.
-- A limit of 0 does not count. What is counted is what was asked for, whoever has the address.
create function mail_wanted(wanted_id uuid, wanted_template text, wanted_recipient text, wanted_user uuid,
                            wanted_params jsonb, wanted_ip inet, address_max integer, place_max integer,
                            within_s integer)
    returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public
as $$
begin
    if address_max > 0 then
        -- Of many requests at once for one address each sees those before it.
        perform pg_advisory_xact_lock(206114008, hashtext(wanted_recipient));
        if (select count(*) from public.mail_outbox
            where recipient = wanted_recipient and template = wanted_template
                and created_at > now() - within_s * interval '1 second') >= address_max then
            return false;
        end if;
    end if;
    if place_max > 0 and wanted_ip is not null
        and (select count(*) from public.mail_outbox
             where ip = wanted_ip and created_at > now() - within_s * interval '1 second') >= place_max then
        return false;
    end if;
    insert into public.mail_outbox (id, template, recipient, user_id, params, ip)
    values (wanted_id, wanted_template, wanted_recipient, wanted_user, wanted_params, wanted_ip);
    return true;
end
$$;

-- Hands so many mails that are due to one caller; they are due again after the lease, should it die with them.
create function mail_claimed(at_most integer, lease_ms bigint)
    returns table (mail_id uuid, mail_template text, mail_recipient text, mail_user_id uuid, mail_params jsonb,
                   mail_tries integer)
    language sql volatile security definer set search_path = pg_catalog, public
as $$
    update public.mail_outbox
    set tries = tries + 1, due_at = clock_timestamp() + lease_ms * interval '1 millisecond'
    where id in (
        select id from public.mail_outbox
        where settled_at is null and due_at <= clock_timestamp()
        order by due_at
        limit at_most
        for update skip locked
    )
    returning id, template, recipient, user_id, params, tries
$$;

-- What became of a mail: settled (sent, or with a failure given up), or due again after a pause.
create function mail_settled(wanted_id uuid, wanted_failure text, again_ms bigint) returns void
    language sql volatile security definer set search_path = pg_catalog, public
as $$
    update public.mail_outbox
    set failure = left(wanted_failure, 500),
        settled_at = case when again_ms is null then clock_timestamp() end,
        due_at = clock_timestamp() + coalesce(again_ms, 0) * interval '1 millisecond'
    where id = wanted_id and settled_at is null
$$;

-- Who has this address, and whether they showed that it is theirs.
create function account_with_email(wanted_email text) returns table (account_id uuid, is_verified boolean)
    language sql stable security definer set search_path = pg_catalog, public
as $$
    select id, email_verified_at is not null from public.users
    where email = wanted_email and is_active and not is_deleted
$$;

-- Links ---------------------------------------------------------------------------------------------------------------

-- Uses a link up and says whose it was; no row for one that is unknown, used, over, of somebody who may not sign in, or
-- that was sent to an address that is no longer theirs.
create function link_taken(wanted_digest text, wanted_purpose text) returns table (link_user_id uuid, link_email text)
    language sql volatile security definer set search_path = pg_catalog, public
as $$
    update public.magic_links l set consumed_at = clock_timestamp()
    from public.users u
    where l.digest = wanted_digest and l.purpose = wanted_purpose
        and l.consumed_at is null and l.expires_at > clock_timestamp()
        and u.id = l.user_id and u.is_active and not u.is_deleted
        and (l.purpose = 'change_email' or u.email = l.email)
    returning l.user_id, l.email
$$;

-- Other providers -----------------------------------------------------------------------------------------------------

create function flow_begun(wanted_digest text, wanted_provider text, wanted_user uuid, lives_s integer) returns void
    language sql volatile security definer set search_path = pg_catalog, public
as $$
    insert into public.oauth_flows (digest, provider, user_id, expires_at)
    values (wanted_digest, wanted_provider, wanted_user, clock_timestamp() + lives_s * interval '1 second')
$$;

-- Uses a flow up; no row for one that is unknown, used or over.
create function flow_taken(wanted_digest text, wanted_provider text) returns table (flow_user_id uuid)
    language sql volatile security definer set search_path = pg_catalog, public
as $$
    update public.oauth_flows set consumed_at = clock_timestamp()
    where digest = wanted_digest and provider = wanted_provider
        and consumed_at is null and expires_at > clock_timestamp()
    returning user_id
$$;

-- Whose identity this is, and whether they may sign in.
create function identity_owner(wanted_issuer text, wanted_subject text)
    returns table (owner_id uuid, may_sign_in boolean)
    language sql stable security definer set search_path = pg_catalog, public
as $$
    select u.id, u.is_active and not u.is_deleted
    from public.oauth_identities i join public.users u on u.id = i.user_id
    where i.issuer = wanted_issuer and i.subject = wanted_subject
$$;

-- Takes away what nothing can ask for any more; returns how many rows went.
create function links_swept() returns bigint
    language sql volatile security definer set search_path = pg_catalog, public
as $$
    with old_mails as (
        delete from public.mail_outbox
        where settled_at < now() - case when failure is null then interval '1 day' else interval '7 days' end returning 1
    ), old_links as (
        delete from public.magic_links where expires_at < now() - interval '1 day' returning 1
    ), old_flows as (
        delete from public.oauth_flows where expires_at < now() - interval '1 hour' returning 1
    )
    select (select count(*) from old_mails) + (select count(*) from old_links) + (select count(*) from old_flows)
$$;

do $$
declare
    name text;
begin
    foreach name in array array[
        'mail_wanted(uuid, text, text, uuid, jsonb, inet, integer, integer, integer)', 'mail_claimed(integer, bigint)',
        'mail_settled(uuid, text, bigint)', 'account_with_email(text)', 'link_taken(text, text)',
        'flow_begun(text, text, uuid, integer)', 'flow_taken(text, text)', 'identity_owner(text, text)', 'links_swept()'
    ] loop
        execute format('alter function %s owner to groundwork_definer', name);
        execute format('revoke all on function %s from public', name);
        execute format('grant execute on function %s to groundwork_app', name);
    end loop;
end $$;

-- What 0006 could not know yet ----------------------------------------------------------------------------------------

-- An address says who somebody is (whose invitation it is, who operates the installation) only when they showed that it is
-- theirs: anybody can sign up with anybody's.
create or replace function proven_email() returns text
    language sql stable security definer set search_path = pg_catalog, public
    as $$
    select email from public.users
    where id = public.current_person() and is_active and not is_deleted and email_verified_at is not null
    $$;

create or replace function erase_person(wanted uuid) returns void
    language sql volatile security definer set search_path = pg_catalog, public
    as $$
    delete from public.refresh_tokens where user_id = wanted;
    delete from public.sessions where user_id = wanted;
    delete from public.idempotency_keys where user_id = wanted;
    delete from public.audit_origins where user_id = wanted;
    delete from public.api_tokens where user_id = wanted;
    delete from public.second_factors where user_id = wanted;
    delete from public.recovery_codes where user_id = wanted;
    delete from public.login_challenges where user_id = wanted;
    delete from public.login_places where user_id = wanted;
    delete from public.magic_links where user_id = wanted;
    delete from public.oauth_flows where user_id = wanted;
    delete from public.oauth_identities where user_id = wanted;
    delete from public.mail_outbox
        where user_id = wanted or recipient = (select email from public.users where id = wanted);
    delete from public.invitations where email = (select email from public.users where id = wanted);
    delete from public.workspace_members where user_id = wanted;
    update public.users
    set email = 'erased-' || id || '@invalid', email_verified_at = null, name = 'Erased', password_hash = '!', erased_at = now()
    where id = wanted;
    $$;

do $$
declare
    name text;
begin
    foreach name in array array['refresh_tokens', 'second_factors', 'recovery_codes', 'login_places', 'oauth_identities'] loop
        execute format('create policy definer_erases on %I to groundwork_definer using (true)', name);
        execute format('grant select (user_id), delete on %I to groundwork_definer', name);
    end loop;
end $$;
grant select (user_id), delete on api_tokens, login_challenges to groundwork_definer;
grant update (email_verified_at) on users to groundwork_definer;

revoke create on schema public from groundwork_definer;
