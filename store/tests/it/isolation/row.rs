//! A row for any table, made of nothing but its columns' types.

use crate::database::Tenant;
use groundwork_domain::ProjectId;
use sqlx::{AssertSqlSafe, Executor as _, PgPool, Row as _};

pub struct Column {
    pub name: String,
    of_type: String,
}

pub struct Table {
    pub name: String,
    /// Whether servers may read it at all.
    pub is_readable: bool,
    /// What a row must say.
    pub columns: Vec<Column>,
}

impl Table {
    /// All of the schema but these.
    pub async fn all(owner: &PgPool, but: &[&str]) -> Vec<Self> {
        let rows = sqlx::query(
            "select c.relname::text, has_any_column_privilege('groundwork_app', c.oid, 'select'),
                 array_agg(a.attname::text order by a.attnum), array_agg(format_type(a.atttypid, null) order by a.attnum)
             from pg_class c join pg_attribute a on a.attrelid = c.oid
             where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0
                 and not a.attisdropped and a.attgenerated = '' and a.attidentity = ''
                 and ((a.attnotnull and not a.atthasdef) or a.attname in ('workspace_id', 'user_id', 'project_id'))
             group by c.oid, c.relname order by 1",
        )
        .fetch_all(owner)
        .await
        .unwrap();
        let tables = rows.into_iter().map(|row| {
            let (names, types): (Vec<String>, Vec<String>) = (row.get(2), row.get(3));
            let columns = names.into_iter().zip(types).map(|(name, of_type)| Column { name, of_type });
            Self { name: row.get(0), is_readable: row.get(1), columns: columns.collect() }
        });
        tables.filter(|table| !but.contains(&table.name.as_str())).collect()
    }

    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|found| found.name == column)
    }

    /// A condition that only the tenant's row meets.
    pub fn names_tenant(&self, tenant: Tenant) -> String {
        match () {
            () if self.has("workspace_id") => format!("workspace_id = '{}'", tenant.workspace),
            () if self.has("user_id") => format!("user_id = '{}'", tenant.user),
            () if self.name == "workspaces" => format!("id = '{}'", tenant.workspace),
            () if self.name == "users" => format!("id = '{}'", tenant.user),
            () => "true".to_owned(),
        }
    }

    fn value(&self, column: &Column, tenant: Tenant, project: Option<ProjectId>) -> String {
        match (self.name.as_str(), column.name.as_str(), project) {
            (_, "project_id", Some(project)) => return format!("'{project}'"),
            // The same everywhere, so that rows refer to each other by their names.
            (..) if project.is_some() && column.of_type == "text" => return "'x'".to_owned(),
            _ => {}
        }
        match (self.name.as_str(), column.name.as_str()) {
            (_, "workspace_id") | ("workspaces", "id") => return format!("'{}'", tenant.workspace),
            (_, "user_id" | "owner_id" | "created_by" | "invited_by" | "checked_by") | ("users", "id") => {
                return format!("'{}'", tenant.user);
            }
            _ => {}
        }
        let value = match column.of_type.as_str() {
            "uuid" => "gen_random_uuid()",
            "text" | "character varying" => "md5(random()::text)",
            "smallint" | "integer" | "bigint" | "numeric" => "1",
            "double precision" => "0.5",
            "boolean" => "true",
            "timestamp with time zone" => "now()",
            "date" => "current_date",
            "interval" => "interval '1 hour'",
            "jsonb" | "json" => "'{}'",
            "bytea" => "'\\x00'",
            "inet" => "'192.0.2.1'",
            "text[]" | "integer[]" | "uuid[]" => "'{}'",
            other => panic!(
                "say in row.rs what a value of type {other} looks like ({}.{})",
                self.name, column.name
            ),
        };
        value.to_owned()
    }
}

/// The statement that would write a row of `tenant`.
pub fn insert(table: &Table, tenant: Tenant) -> String {
    insert_of(table, tenant, None)
}

fn insert_of(table: &Table, tenant: Tenant, project: Option<ProjectId>) -> String {
    let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let values: Vec<_> = table.columns.iter().map(|column| table.value(column, tenant, project)).collect();
    format!("insert into {} ({}) values ({})", table.name, names.join(", "), values.join(", "))
}

/// Puts a row of `tenant` into each table that has none. What a row means does not matter here, so that checks, references and
/// triggers are left out; policies and grants are as they are.
pub async fn put(owner: &PgPool, tables: &[Table], tenant: Tenant) {
    let statements = tables.iter().filter(|table| !matches!(table.name.as_str(), "users" | "workspaces"));
    fill(owner, statements.map(|table| insert(table, tenant)).collect()).await;
}

/// Puts a row of this project into each of these tables; what refers to another table's row finds it.
pub async fn put_of_project(owner: &PgPool, tables: &[Table], tenant: Tenant, project: ProjectId) {
    fill(owner, tables.iter().map(|table| insert_of(table, tenant, Some(project))).collect()).await;
}

async fn fill(owner: &PgPool, statements: Vec<String>) {
    owner
        .execute(
            "do $$
             declare found record;
             begin
                 for found in select conrelid::regclass as place, conname from pg_constraint
                     where contype = 'c' and connamespace = 'public'::regnamespace
                 loop
                     execute format('alter table %s drop constraint %I', found.place, found.conname);
                 end loop;
             end $$",
        )
        .await
        .unwrap();
    let mut connection = owner.acquire().await.unwrap();
    connection.execute("set session_replication_role = replica").await.unwrap();
    for statement in statements {
        connection.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    connection.execute("reset session_replication_role").await.unwrap();
}
