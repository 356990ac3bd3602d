//! What each start does to the database's rules, and whose database it has to be.

use crate::database::{Database, Kind};
use crate::design::plan_of_text;
use crate::{CLUB, Who, World, answer, open};
use archwright_sql::SecurityNames;
use archwright_store::{Call, Keys, Store, StoreOptions};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn rules_follow_the_design_at_each_start() {
    let mut world = World::new();
    let count = "SELECT count(*) FROM pg_policies WHERE schemaname = 'public'";
    let made = world.database.query(count);
    // What somebody has taken away is put back.
    world
        .database
        .execute("DROP POLICY \"archwright read\" ON orders");
    world
        .database
        .execute("CREATE POLICY \"archwright more\" ON orders USING (true)");
    assert_eq!(world.known(Who::Ada, "orders"), "21 22 23 24 25 26");
    world.reopen(&world.plan.clone());
    assert_eq!(world.database.query(count), made);
    assert_eq!(world.known(Who::Ada, "orders"), "21 22 26");
    // A design that says otherwise changes them.
    let wider = CLUB.replace("        - owner\n", "        - signed-in\n");
    world.reopen(&Arc::new(plan_of_text(&wider)));
    assert_eq!(world.known(Who::Ada, "orders"), "21 22 23 26");
    let without = CLUB.replace(", rls: true", "");
    world.reopen(&Arc::new(plan_of_text(&without)));
    assert_eq!(world.database.query(count), ["0"]);
    let denied = world.ask("reader", Who::Ada, "SELECT 1 FROM orders");
    assert_eq!(denied, "refused: permission denied for table orders");
    assert_eq!(world.listed(Who::Ada, "orders.list", &[]).len(), 3);
}

#[test]
fn a_server_that_does_not_own_the_tables_is_refused() {
    let mut world = World::new();
    world.store.take();
    let (url, name) = (
        world.database.url(),
        format!("guest_{}", std::process::id()),
    );
    let roles = format!(
        "\"{}\", \"{}\", \"{}\"",
        world.names.reader, world.names.writer, world.names.steps
    );
    world.database.execute(&format!(
        "CREATE ROLE {name} LOGIN; GRANT {roles} TO {name}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}; \
         GRANT ALL ON SCHEMA public TO {name}"
    ));
    world.reopen(&world.plan.clone());
    world.store.take();
    let guest = url.replacen("postgres@", &format!("{name}@"), 1);
    let options = StoreOptions {
        url: guest,
        readers: 1,
        patience: Duration::ZERO,
        progress: Arc::new(|_| {}),
        secrets: Arc::new(Keys::random().unwrap()),
        file_link: Arc::new(|id, _| id.to_owned()),
    };
    let refused = Store::open(world.plan.clone(), options);
    world
        .database
        .execute(&format!("DROP OWNED BY {name}; DROP ROLE {name}"));
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("has to own the table"), "{refused}");
}

#[test]
fn the_owner_of_a_database_needs_no_more_than_to_create_roles() {
    let database = Database::new(Kind::Postgres);
    let url = database.url();
    let (name, user) = (
        url.rsplit('/').next().unwrap(),
        format!("shop_{}", std::process::id()),
    );
    database.execute(&format!(
        "CREATE ROLE {user} LOGIN CREATEROLE; ALTER DATABASE {name} OWNER TO {user}"
    ));
    let plan = Arc::new(plan_of_text(CLUB));
    let own = url.replacen("postgres@", &format!("{user}@"), 1);
    for _ in 0..2 {
        let store = open(&own, &plan);
        let call = Call {
            operation: plan
                .operations
                .iter()
                .position(|one| one.id == "notices.list")
                .unwrap(),
            ..Call::default()
        };
        let reply = answer(&store, &call, &World::context(Who::Nobody)).unwrap();
        assert_eq!(reply.status, 200);
    }
    let owner =
        database.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'");
    database.execute(&format!("REASSIGN OWNED BY {user} TO postgres"));
    let names = SecurityNames::new(name, "public");
    let roles = format!(
        "\"{}\", \"{}\", \"{}\"",
        names.reader, names.writer, names.steps
    );
    database.execute(&format!(
        "REVOKE {roles} FROM {user}; DROP OWNED BY {user}; DROP ROLE {user}"
    ));
    assert_eq!(owner, [user]);
}
