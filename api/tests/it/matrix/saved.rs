//! The store as it was, to come back to after each change.

use crate::support::TestApp;

/// Tables that only ever grow, and what other processes read behind them.
const LEFT: &str = "'_sqlx_migrations', 'changes', 'change_trim', 'master_key', 'signing_keys'";

/// The tables that are saved, in SQL.
pub(super) struct Saved(Vec<String>);

impl Saved {
    pub(super) fn of(app: &TestApp) -> Self {
        let list = format!(
            "select string_agg(table_name, ' ') from information_schema.tables
             where table_schema = 'public' and table_type = 'BASE TABLE' and table_name not in ({LEFT})
               and table_name not like 'audit%' and table_name not like 'decisions%'"
        );
        let tables: Vec<String> = app.query(&list).split(' ').map(str::to_owned).collect();
        assert!(tables.len() > 20, "{tables:?}");
        let copies: String = tables
            .iter()
            .map(|table| format!("create table saved.{table} as table public.{table};\n"))
            .collect();
        app.query(&format!("create schema saved; {copies}"));
        Self(tables)
    }

    /// Without a trigger: nothing is to be noted of it. Processes are told that everything has changed.
    pub(super) fn restore(&self, app: &TestApp) {
        let tables = self.0.iter().map(|table| format!("public.{table}")).collect::<Vec<_>>().join(", ");
        let copies: String = (self.0.iter())
            .map(|table| {
                format!("insert into public.{table} overriding system value select * from saved.{table};\n")
            })
            .collect();
        app.query(&format!(
            "begin; set local session_replication_role = replica; truncate {tables}; {copies}
             insert into changes (type, id) values (null, null); commit; notify doorward_changes"
        ));
    }
}
