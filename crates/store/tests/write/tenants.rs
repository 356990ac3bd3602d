//! Named operations keep to the caller's tenant, whatever they find, follow or are given.

use crate::script::check;

const PEOPLE: [&str; 4] = [
    "ada@acme:member",
    "abe@acme:member",
    "bob@globex:member",
    "bea@globex:member",
];

/// Topics are nobody's; notes and their lines are a company's.
const DESIGN: &str = r#"
archwright: 1
name: notes
roles: { member: { sign-up: open } }
entities:
  Company:
    tenant: true
    fields: { name: string(1..40) }
    allow: { get: signed-in }
  User:
    account: email
    fields:
      company: Company, tenant, immutable
      email: email, unique
      name: string(1..40)
      pinned: Note[]
    allow: { read: owner }
  Topic:
    id: int
    fields:
      title: string(1..40), unique
      maker: User?
      notes: Note[], by topic
    allow: { read: anyone, write: signed-in }
  Note:
    id: int
    fields:
      company: Company, tenant
      topic: Topic
      author: User, owner
      text: string(1..40)
      size: int = 1
      status: enum(open, closed) = open
      lines: Line[], composed
      pinned_by: User[], by pinned
    moves:
      close: { from: open, to: closed, by: signed-in }
    allow: { read: "anyone when text == 'public', owner", write: owner }
  Line:
    id: int
    fields:
      text: string(1..40), unique
      remarks: Remark[], composed
  Remark:
    id: int
    fields: { text: string(1..40) }
  Reply:
    id: int
    fields:
      company: Company, tenant
      note: Note
      text: string(1..40)
    unique: [[text, company]]
    allow: { read: signed-in, write: signed-in }
operations:
"#;

const ROWS: &str = r#"
    ada: POST /v1/topics {"title": "t"} => 201 as topic
    ada: POST /v1/notes {"topic_id": $topic, "text": "a", "lines": [{"text": "la", "remarks": []}]} => 201 as a
    bob: POST /v1/notes {"topic_id": $topic, "text": "b", "lines": [{"text": "lb", "remarks": [{"text": "rb"}]}]} => 201 as b
    bob: POST /v1/notes {"topic_id": $topic, "text": "public", "size": 5, "lines": []} => 201 as p
"#;

async fn with(operations: &str, script: &str) -> crate::script::World {
    let design = format!("{DESIGN}{operations}");
    check(&design, &PEOPLE, &format!("{ROWS}\n{script}")).await
}

#[tokio::test]
async fn an_input_names_rows_of_the_callers_tenant_alone() {
    let world = with(
        r#"
  answer:
    route: POST /answers
    by: signed-in
    input: { body: { note: Note, text: string(1..40) } }
    steps:
      - create: { reply: Reply }
        set: { note: body.note, text: body.text }
    reply: { 201: { text: reply.text, about: reply.note.text } }
  remark:
    route: POST /remarks
    by: signed-in
    input: { body: { within: { line: "Line?" } } }
    reply: { 200: { text: body.within.line.text } }
  one:
    route: GET /one/{note}
    by: anyone
    input: { path: { note: Note } }
    reply: { 200: { text: path.note.text } }
  filtered:
    route: GET /filtered
    by: signed-in
    input: { query: { note: "Note?" } }
    reply: { 200: { text: query.note.text } }
  put:
    route: PUT /answers/{text}
    by: signed-in
    input: { path: { text: string(1..40) }, body: { note: Note, company: Company } }
    steps:
      - upsert: { reply: Reply }
        key: { text: path.text, company: body.company }
        set: { note: body.note }
    reply: { 200: { text: reply.text } }
  pin:
    route: POST /pins
    by: signed-in
    input: { body: { note: Note } }
    steps:
      - link: { caller.pinned: body.note }
    reply: { 204: ~ }
"#,
        r#"
        ada: POST /v1/answers {"note": $a, "text": "x"} => 201 {"about": "a"}
        # Another reader of the company names it too: steps say what may become of it.
        abe: POST /v1/answers {"note": $a, "text": "z"} => 201 {"about": "a"}
        ada: POST /v1/answers {"note": $b, "text": "x"} => 422 /note not-found
        ada: POST /v1/answers {"note": $p, "text": "x"} => 422 /note not-found
        ada: POST /v1/remarks {"within": {"line": 1}} => 200 {"text": "la"}
        ada: POST /v1/remarks {"within": {"line": 2}} => 422 /within/line not-found
        bob: POST /v1/remarks {"within": {"line": 2}} => 200 {"text": "lb"}
        ada: GET /v1/one/$b => 404
        bob: GET /v1/one/$b => 200 {"text": "b"}
        nobody: GET /v1/one/$b => 200 {"text": "b"}
        ada: GET /v1/filtered?note=$b => 400 note not-found
        bob: GET /v1/filtered?note=$b => 200 {"text": "b"}
        ada: PUT /v1/answers/y {"note": $a, "company": "$acme"} => 200
        ada: PUT /v1/answers/y {"note": $b, "company": "$acme"} => 422 /note not-found
        ada: PUT /v1/answers/y {"note": $a, "company": "$globex"} => 422 /company not-found
        ada: POST /v1/pins {"note": $b} => 422 /note not-found
        ada: POST /v1/pins {"note": $a} => 204
        "#,
    )
    .await;
    assert_eq!(world.query("SELECT count(*) FROM replies"), ["3"]);
}

#[tokio::test]
async fn steps_find_parts_of_the_callers_tenant_alone() {
    let world = with(
        r#"
  line:
    route: GET /lines/{text}
    by: anyone
    steps:
      - find: { line: Line }
        where: text == path.text
    reply: { 200: { text: line.text } }
  remarks:
    route: GET /remarks
    by: signed-in
    steps:
      - list: { remarks: Remark }
        count: total
    reply: { 200: { remarks: { each: remarks, as: r, item: r.text }, total: total } }
  shout:
    route: PUT /lines/{text}
    by: signed-in
    steps:
      - find: { line: Line }
        where: text == path.text
        else: 409
      - update: line
        set: { text: line.text + '!' }
    reply: { 200: { text: line.text } }
  cut:
    route: DELETE /remarks/{text}
    by: signed-in
    steps:
      - find: { remark: Remark }
        where: text == path.text
      - delete: remark
    reply: { 204: ~ }
"#,
        r#"
        ada: GET /v1/lines/la => 200
        ada: GET /v1/lines/lb => 404
        bea: GET /v1/lines/lb => 200
        nobody: GET /v1/lines/lb => 200
        ada: GET /v1/remarks => 200 {"remarks": [], "total": 0}
        bea: GET /v1/remarks => 200 {"remarks": ["rb"], "total": 1}
        ada: PUT /v1/lines/lb => 409 conflict
        ada: DELETE /v1/remarks/rb => 404
        ada: PUT /v1/lines/la => 200 {"text": "la!"}
        bob: DELETE /v1/remarks/rb => 204
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT text FROM lines ORDER BY text"),
        ["la!", "lb"]
    );
}

#[tokio::test]
async fn relations_lead_to_rows_of_the_callers_tenant_alone() {
    let world = with(
        r#"
  topic:
    route: GET /topics/{title}/notes
    by: anyone
    steps:
      - find: { topic: Topic }
        where: title == path.title
    reply:
      200:
        notes: { each: topic.notes, as: n, item: { text: n.text, pins: "size(n.pinned_by)" } }
        size: size(topic.notes)
        most: "topic.notes.max(n, n.size)"
        big: "topic.notes.exists(n, n.size > 4)"
        small: "topic.notes.all(n, n.size < 5)"
        texts: "topic.notes.map(n, n.text)"
        maker: topic.maker.name
        made: topic.maker == caller
        other: topic.maker != caller
        name: "coalesce(topic.maker.name, 'nobody known')"
  counted:
    route: GET /counted
    by: signed-in
    steps:
      - list: { topics: Topic }
        where: "size(notes) > 1 && !(maker.name == 'bob')"
    reply: { 200: { topics: { each: topics, as: t, item: t.title } } }
  made:
    route: POST /made/{title}
    by: signed-in
    steps:
      - find: { topic: Topic }
        where: title == path.title
      - update: topic
        set: { maker: caller }
    reply: { 204: ~ }
  sweep:
    route: POST /topics/{title}/sweep
    by: signed-in
    steps:
      - find: { topic: Topic }
        where: title == path.title
      - each: { note: topic.notes }
        do:
          - increment: { note.size: 10 }
          - move: { note: close }
    reply: { 204: ~ }
"#,
        r#"
        bob: POST /v1/made/t => 204
        ada: GET /v1/topics/t/notes => 200 {"notes": [{"text": "a"}], "size": 1, "most": 1, "big": false, "small": true, "texts": ["a"], "maker": null, "made": false, "other": true, "name": "nobody known"}
        bob: GET /v1/topics/t/notes => 200 {"notes": [{"text": "b"}, {"text": "public"}], "size": 2, "most": 5, "big": true, "small": false, "maker": "bob", "made": true, "name": "bob"}
        nobody: GET /v1/topics/t/notes => 200 {"size": 3, "maker": "bob"}
        ada: GET /v1/counted => 200 {"topics": []}
        bob: GET /v1/counted => 200 {"topics": []}
        ada: POST /v1/made/t => 204
        bob: GET /v1/counted => 200 {"topics": ["t"]}
        ada: POST /v1/topics/t/sweep => 204
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT size || ' ' || status FROM notes ORDER BY id"),
        ["11 closed", "1 open", "5 open"]
    );
}

#[tokio::test]
async fn what_public_rows_lead_to_is_not_written() {
    let world = with(
        r#"
  touch:
    route: POST /touch/{text}
    by: signed-in
    steps:
      - find: { reply: Reply }
        where: text == path.text
      - increment: { reply.note.size: 1 }
        else: 409
    reply: { 204: ~ }
  copy:
    route: POST /copy/{text}
    by: signed-in
    steps:
      - find: { reply: Reply }
        where: text == path.text
      - create: { other: Reply }
        set: { note: reply.note, text: "'copy'" }
    reply: { 201: { text: other.text } }
  deface:
    route: POST /deface/{text}
    by: signed-in
    steps:
      - find: { reply: Reply }
        where: text == path.text
      - each: { l: reply.note.lines }
        do:
          - update: l
            set: { text: "l.text + '!'" }
    reply: { 204: ~ }
  wipe:
    route: POST /wipe/{text}
    by: signed-in
    steps:
      - find: { reply: Reply }
        where: text == path.text
      - each: { l: reply.note.lines }
        do: [{ delete: l }]
    reply: { 204: ~ }
  peek:
    route: GET /peek/{text}
    by: signed-in
    steps:
      - find: { reply: Reply }
        where: text == path.text
    reply:
      200:
        text: reply.note.text
        email: reply.note.author.email
        lines: { each: reply.note.lines, as: l, item: l.text }
        whole: reply.note
  found:
    route: POST /companies
    by: signed-in
    input: { body: { name: string(1..40) } }
    steps:
      - create: { company: Company }
        set: { name: body.name }
      - create: { user: User }
        set: { company: company, email: "'new@example.com'", name: body.name }
      - update: user
        set: { name: user.name + '!' }
    reply: { 201: { name: user.name, of: user.company.name } }
"#,
        r#"
        # Anyone reads the public note, so a reply may refer to it.
        ada: POST /v1/replies {"note_id": $p, "text": "hi"} => 201
        ada: POST /v1/replies {"note_id": $a, "text": "own"} => 201
        ada: POST /v1/touch/hi => 409 conflict
        ada: POST /v1/touch/own => 204
        ada: POST /v1/copy/hi => 409 check
        ada: POST /v1/copy/own => 201
        bob: PATCH /v1/notes/$p {"lines": [{"text": "lp", "remarks": []}]} => 200
        ada: GET /v1/peek/hi => 200 {"text": null, "email": null, "lines": [], "whole": null}
        ada: GET /v1/peek/own => 200 {"text": "a", "email": "ada@example.com", "lines": ["la"]}
        ada: POST /v1/deface/hi => 204
        ada: POST /v1/wipe/hi => 204
        ada: POST /v1/deface/own => 204
        # What the operation itself makes is its own, in whatever tenant.
        ada: POST /v1/companies {"name": "new"} => 201 {"name": "new!", "of": "new"}
        "#,
    )
    .await;
    assert_eq!(
        world.query("SELECT size FROM notes ORDER BY id"),
        ["2", "1", "5"]
    );
    assert_eq!(
        world.query("SELECT text FROM lines ORDER BY text"),
        ["la!", "lb", "lp"]
    );
}

#[tokio::test]
async fn an_upsert_meets_rows_of_the_callers_tenant_alone() {
    let world = with(
        r#"
  reply:
    route: PUT /replies/{text}
    by: signed-in
    input: { body: { note: Note } }
    steps:
      - upsert: { reply: Reply }
        key: { text: path.text, company: caller.company }
        set: { note: body.note }
    reply: { 200: { about: reply.note.text } }
  line:
    route: PUT /lines/{text}
    by: signed-in
    input: { body: { note: Note } }
    steps:
      - get-or-create: { line: Line }
        key: { text: path.text }
        set: { note: body.note }
    reply: { 200: { text: line.text, about: line.note.text } }
"#,
        r#"
        bob: PUT /v1/replies/x {"note": $b} => 200 {"about": "b"}
        ada: PUT /v1/replies/x {"note": $a} => 200 {"about": "a"}
        bob: PUT /v1/replies/x {"note": $p} => 200 {"about": "public"}
        # The key is taken, by a row that is not there for her.
        ada: PUT /v1/lines/lb {"note": $a} => 409 unique
        bob: PUT /v1/lines/lb {"note": $p} => 200 {"about": "b"}
        "#,
    )
    .await;
    assert_eq!(world.query("SELECT count(*) FROM replies"), ["2"]);
    assert_eq!(
        world.query("SELECT text FROM lines ORDER BY id"),
        ["la", "lb"]
    );
}

#[tokio::test]
async fn effects_of_moves_keep_to_the_callers_tenant() {
    let design = DESIGN.replace(
        "close: { from: open, to: closed, by: signed-in }",
        r#"close:
        from: open
        to: closed
        by: owner
        set: { reviewer: topic.maker }
        do:
          - each: { other: topic.notes }
            do:
              - increment: { other.size: 10 }"#,
    );
    let design = design.replace("size: int = 1", "size: int = 1\n      reviewer: User?");
    let design = design.trim_end().trim_end_matches("operations:");
    let world = check(
        design,
        &PEOPLE,
        &format!(
            r#"{ROWS}
            bob: PATCH /v1/topics/$topic {{"maker_id": "$bob"}} => 200
            ada: POST /v1/notes/$a/close => 200 {{"reviewer_id": null}}
            bob: POST /v1/notes/$b/close => 200 {{"reviewer_id": "$bob"}}
            "#
        ),
    )
    .await;
    assert_eq!(
        world.query("SELECT size FROM notes ORDER BY id"),
        ["11", "11", "15"]
    );
}
