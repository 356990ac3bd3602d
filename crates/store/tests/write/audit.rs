//! Who wrote what.

use crate::script::check;

#[tokio::test]
async fn secrets_are_named_and_not_kept() {
    let world = check(
        "profile",
        &["ada:member"],
        r#"
        ada: PATCH /v1/users/$ada {"phone": "+353861234567", "recovery_hint": "the cat", "given_name": "Ada"} => 200
        ada: POST /v1/addresses {"label": "home", "line1": "Main Street 1", "city": "Cork", "postal_code": "T12", "country": "IE"} => 201
        ada: POST /v1/settings {"theme": "dark"} => 201
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT changes FROM audit_entries ORDER BY id"),
        [
            r#"{"phone":{"secret":true},"given_name":{"to":"Ada","from":"ada"},"recovery_hint":{"secret":true}}"#,
            &world.filled(
                r#"{"city":{"to":"Cork"},"kind":{"to":"home"},"label":{"to":"home"},"line1":{"secret":true},"country":{"to":"IE"},"user_id":{"to":"$ada"},"is_primary":{"to":false},"postal_code":{"to":"T12"}}"#
            ),
        ]
    );
    let who = "SELECT account_id || ' ' || operation || ' ' || entity || ' ' || request_id FROM audit_entries LIMIT 1";
    assert_eq!(
        world.query(who),
        [world.filled("$ada users.update User request")]
    );
}

#[tokio::test]
async fn parts_are_told_with_their_whole() {
    let world = check(
        "payments",
        &["ben:bookkeeper"],
        r#"
        ben: POST /v1/ledger-accounts {"code": "bank:eur", "name": "Bank", "kind": "asset", "currency": "EUR"} => 201 as bank
        ben: POST /v1/ledger-transactions {"reference": "t1", "currency": "EUR", "entries": [{"account_code": "bank:eur", "amount": "5.00"}, {"account_code": "bank:eur", "amount": "-5.00"}]} => 201
        "#,
    )
    .await;
    let entries =
        world.query("SELECT changes FROM audit_entries WHERE entity = 'LedgerTransaction'");
    let [entry] = &entries[..] else {
        panic!("{entries:?}")
    };
    let entry: serde_json::Value = serde_json::from_str(entry).unwrap();
    assert_eq!(entry["reference"]["to"], "t1");
    let amounts: Vec<&serde_json::Value> = entry["entries"]["to"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["amount"]["to"])
        .collect();
    assert_eq!(amounts, ["5.00", "-5.00"]);
    assert_eq!(
        world.query("SELECT COUNT(*) FROM audit_entries WHERE entity = 'LedgerEntry'"),
        ["0"]
    );
}
