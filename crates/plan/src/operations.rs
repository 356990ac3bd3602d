//! Operations: method, path, guard, errors.

use crate::errors::errors;
use crate::guards::{alternatives, both, class, role, without_row};
use crate::lists::list_options;
use crate::resources::granting_roles;
use crate::tables::linked_target;
use crate::{
    Alternative, CallerClass, Operation, OperationKind, PathParameter, PathParameterKind, Table,
};
use archwright_model::naming::{camel, downloads, segment};
use archwright_model::{Entity, Field, Grant, Method, Model, Rate, ScalarType, Unknown, Who};

/// All operations: authentication, each entity's in the model's order, named ones. Adds the indexes of lists.
pub fn operations(model: &Model, tables: &mut [Table]) -> Vec<Operation> {
    let mut operations = authentication(model);
    for entity in model
        .entities
        .iter()
        .filter(|entity| entity.part_of.is_none())
    {
        standard(model, entity, tables, &mut operations);
        moves(model, entity, &mut operations);
        links(model, entity, &mut operations);
        files(model, entity, &mut operations);
    }
    if has_files(model) {
        operations.push(download(model));
    }
    operations.extend((0..model.operations.len()).map(|index| named(model, index)));
    for operation in &mut operations {
        operation.idempotency_key = operation.takes_idempotency_key(model);
        operation.unknown = match operation.kind {
            OperationKind::Named(index) => model.operations[index].unknown,
            _ => model.api.unknown,
        };
        operation.errors = errors(model, operation);
    }
    operations
}

fn has_files(model: &Model) -> bool {
    let mut scalars = model
        .entities
        .iter()
        .flat_map(|entity| &entity.fields)
        .filter_map(Field::scalar);
    scalars.any(|scalar| matches!(scalar, ScalarType::File { .. }))
}

struct Draft {
    id: String,
    summary: String,
    kind: OperationKind,
    method: Method,
    path: String,
    status: u16,
    guard: Vec<Alternative>,
    reason: String,
}

impl Draft {
    /// The operation with everything that follows from its kind; what it needs the whole of is filled in later.
    fn finish(
        self,
        entity: Option<&Entity>,
        parameters: Vec<PathParameter>,
        rate: &str,
    ) -> Operation {
        let representation = matches!(
            self.kind,
            OperationKind::List
                | OperationKind::Get
                | OperationKind::Create
                | OperationKind::Update
                | OperationKind::Move(_)
                | OperationKind::Me
        );
        let on_row = matches!(
            self.kind,
            OperationKind::Get
                | OperationKind::Update
                | OperationKind::Delete
                | OperationKind::Move(_)
        );
        Operation {
            operation_id: camel(&self.id),
            id: self.id,
            summary: self.summary,
            about: String::new(),
            entity: entity.map(|entity| entity.id),
            method: self.method,
            path: self.path,
            parameters,
            list: None,
            shapes_reply: representation,
            guard: self.guard,
            status: self.status,
            errors: Vec::new(),
            rate: rate.into(),
            idempotency_key: false,
            unknown: Unknown::Refuse,
            etag: on_row && entity.is_some_and(|entity| entity.versioned),
            kind: self.kind,
            workload: None,
            until: entity.and_then(|entity| entity.evolution.until),
            reason: self.reason,
        }
    }
}

fn words(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

/// `Place an order`, `Send an order back`.
fn verb_phrase(name: &str, object: &str) -> String {
    let name = sentence(name);
    let (verb, rest) = name.split_once(' ').unwrap_or((&name, ""));
    format!("{verb} {} {rest}", article(object))
        .trim()
        .to_owned()
}

/// `Create article` for `createArticle` and for `create_article`.
fn sentence(name: &str) -> String {
    let mut sentence = String::new();
    for letter in words(name).chars() {
        if letter.is_ascii_uppercase() && sentence.ends_with(|last: char| last.is_ascii_lowercase())
        {
            sentence.push(' ');
        }
        sentence.push(match sentence.is_empty() {
            true => letter.to_ascii_uppercase(),
            false => letter.to_ascii_lowercase(),
        });
    }
    sentence
}

/// `an order`, `a user`: the sound decides, not the letter.
fn article(name: &str) -> String {
    let words = words(name);
    let lower = words.to_ascii_lowercase();
    let consonant = ["eu", "one", "once", "uni", "us", "ut"];
    let exceptions = ["unim", "unin", "ush", "utter"];
    let vowel = ["heir", "honest", "honor", "honour", "hour"];
    let begins = |with: &[&str]| with.iter().any(|with| lower.starts_with(with));
    let an = if lower.starts_with(['a', 'e', 'i', 'o', 'u']) {
        !begins(&consonant) || begins(&exceptions)
    } else {
        begins(&vowel)
    };
    format!("{} {words}", if an { "an" } else { "a" })
}

// ---- rows ----------------------------------------------------------------------------------------------------------

fn collection(model: &Model, entity: &Entity) -> String {
    format!("{}/{}", model.api.base, entity.path)
}

fn row_parameter(model: &Model, entity: &Entity) -> PathParameter {
    match entity.key {
        Some(key) => PathParameter {
            name: model.field(key).name.clone(),
            kind: PathParameterKind::Key(key),
        },
        None => PathParameter {
            name: "id".into(),
            kind: PathParameterKind::Id(entity.id),
        },
    }
}

fn row_path(model: &Model, entity: &Entity) -> String {
    format!(
        "{}/{{{}}}",
        collection(model, entity),
        row_parameter(model, entity).name
    )
}

fn workload(entity: &Entity, name: &str) -> Option<Rate> {
    entity
        .workload
        .rates
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, rate)| *rate)
}

fn standard(model: &Model, entity: &Entity, tables: &mut [Table], operations: &mut Vec<Operation>) {
    use OperationKind::{Create, Delete, Get, List, Update};
    let access = &entity.access;
    let one = article(&entity.singular);
    let kinds = [
        (
            List,
            "list",
            &access.list,
            Method::Get,
            200,
            format!("List {}", words(&entity.plural)),
        ),
        (
            Create,
            "create",
            &access.create,
            Method::Post,
            201,
            format!("Create {one}"),
        ),
        (
            Get,
            "get",
            &access.get,
            Method::Get,
            200,
            format!("Get {one}"),
        ),
        (
            Update,
            "update",
            &access.update,
            Method::Patch,
            200,
            format!("Change {one}"),
        ),
        (
            Delete,
            "delete",
            &access.delete,
            Method::Delete,
            204,
            format!("Delete {one}"),
        ),
    ];
    for (kind, name, grants, method, status, summary) in kinds {
        // Nobody may call it, so there is nothing to serve.
        if grants.is_empty() {
            continue;
        }
        let on_row = !matches!(kind, List | Create);
        let path = if on_row {
            row_path(model, entity)
        } else {
            collection(model, entity)
        };
        let parameters = if on_row {
            vec![row_parameter(model, entity)]
        } else {
            Vec::new()
        };
        let is_list = kind == List;
        let rate = if method == Method::Get {
            "read"
        } else {
            "write"
        };
        let grants = match kind {
            Create => creating(model, entity, grants),
            _ => grants.clone(),
        };
        let draft = Draft {
            id: format!("{}.{name}", entity.plural),
            summary,
            kind,
            method,
            path,
            status,
            guard: alternatives(model, entity.id, &grants),
            reason: format!("`allow` of {} grants `{name}`.", entity.name),
        };
        let mut operation = draft.finish(Some(entity), parameters, rate);
        operation.workload = workload(entity, name);
        if is_list {
            operation.list = Some(list_options(model, entity, tables));
        }
        operations.push(operation);
    }
}

/// Who may create rows: nobody who is not signed in, where a row needs an owner or a tenant and gets it from the caller.
fn creating(model: &Model, entity: &Entity, grants: &[Grant]) -> Vec<Grant> {
    let account = model.account.as_ref().map(|account| account.entity);
    let closed = entity.needs_creator(account);
    let narrowed = |grant: &Grant| Grant {
        who: match grant.who {
            Who::Anyone if closed => Who::SignedIn,
            who => who,
        },
        ..grant.clone()
    };
    grants.iter().map(narrowed).collect()
}

fn moves(model: &Model, entity: &Entity, operations: &mut Vec<Operation>) {
    let Some(machine) = &entity.state else { return };
    for (index, step) in machine.moves.iter().enumerate() {
        let draft = Draft {
            id: format!("{}.{}", entity.plural, step.name),
            summary: verb_phrase(&step.name, &entity.singular),
            kind: OperationKind::Move(index),
            method: Method::Post,
            path: format!("{}/{}", row_path(model, entity), segment(&step.name)),
            status: 200,
            guard: alternatives(model, entity.id, &step.by),
            reason: "A change of state is an operation of its own, so that it can be guarded and audited.".into(),
        };
        let mut operation = draft.finish(Some(entity), vec![row_parameter(model, entity)], "write");
        operation.about = step.about.trim().to_owned();
        operation.workload = workload(entity, &step.name);
        operations.push(operation);
    }
}

/// Whoever may update the row, and set the field.
fn may_set(model: &Model, entity: &Entity, field: &Field) -> Vec<Alternative> {
    let update = alternatives(model, entity.id, &entity.access.update);
    match &field.settable {
        Some(settable) => both(entity, &update, &alternatives(model, entity.id, settable)),
        None => update,
    }
}

fn links(model: &Model, entity: &Entity, operations: &mut Vec<Operation>) {
    if entity.access.update.is_empty() {
        return;
    }
    for field in entity.fields.iter() {
        if field.read_only || field.immutable {
            continue;
        }
        let Some(target) = linked_target(field) else {
            continue;
        };
        let target = model.entity(target);
        let relation = segment(&field.name);
        let singular = pluralizer::pluralize(&field.name, 1, false);
        let other = match target.key {
            Some(key) => (
                format!("{singular}_{}", model.field(key).name),
                PathParameterKind::Key(key),
            ),
            None => (format!("{singular}_id"), PathParameterKind::Id(target.id)),
        };
        let (linked, list) = linked_words(entity, field, &singular, target);
        let kinds = [
            (
                OperationKind::Link(field.id),
                "link",
                Method::Put,
                "Link",
                "to",
            ),
            (
                OperationKind::Unlink(field.id),
                "unlink",
                Method::Delete,
                "Unlink",
                "from",
            ),
        ];
        for (kind, name, method, verb, preposition) in kinds {
            let draft = Draft {
                id: format!("{}.{name}-{relation}", entity.plural),
                summary: format!("{verb} {linked} {preposition} {list}"),
                kind,
                method,
                path: format!("{}/{relation}/{{{}}}", row_path(model, entity), other.0),
                status: 204,
                guard: may_set(model, entity, field),
                reason: format!(
                    "{} is many-to-many and may grow past what one request can carry.",
                    field.name
                ),
            };
            let second = PathParameter {
                name: other.0.clone(),
                kind: other.1.clone(),
            };
            operations.push(draft.finish(
                Some(entity),
                vec![row_parameter(model, entity), second],
                "write",
            ));
        }
    }
}

/// What a link adds to what: `a genre` to `a film`; where the relation has a name of its own, `a film` to `the watchlist
/// of a person`.
fn linked_words(
    entity: &Entity,
    field: &Field,
    singular: &str,
    target: &Entity,
) -> (String, String) {
    let whole = article(&entity.singular);
    match words(singular) == words(&target.singular) {
        true => (article(singular), whole),
        false => {
            let list = format!("the {} of {whole}", words(&field.name));
            (article(&target.singular), list)
        }
    }
}

fn files(model: &Model, entity: &Entity, operations: &mut Vec<Operation>) {
    if entity.access.update.is_empty() {
        return;
    }
    for field in entity.fields.iter().filter(|field| !field.read_only) {
        if !matches!(field.scalar(), Some(ScalarType::File { .. })) {
            continue;
        }
        let segment = segment(&field.name);
        let mut kinds = vec![(
            OperationKind::Upload(field.id),
            "upload",
            Method::Put,
            200,
            "Upload the",
        )];
        if field.optional {
            kinds.push((
                OperationKind::RemoveFile(field.id),
                "remove",
                Method::Delete,
                204,
                "Remove the",
            ));
        }
        for (kind, name, method, status, verb) in kinds {
            let draft = Draft {
                id: format!("{}.{name}-{segment}", entity.plural),
                summary: format!(
                    "{verb} {} of {}",
                    words(&field.name),
                    article(&entity.singular)
                ),
                kind,
                method,
                path: format!("{}/{segment}", row_path(model, entity)),
                status,
                guard: may_set(model, entity, field),
                reason: "Bytes are streamed, so they travel apart from the row's JSON.".into(),
            };
            operations.push(draft.finish(
                Some(entity),
                vec![row_parameter(model, entity)],
                "write",
            ));
        }
    }
}

fn download(model: &Model) -> Operation {
    let draft = Draft {
        id: "files.download".into(),
        summary: "Download a file by its signed link".into(),
        kind: OperationKind::Download,
        method: Method::Get,
        path: format!(
            "{}/{}/{{token}}",
            model.api.base,
            downloads(&model.entities)
        ),
        status: 200,
        guard: vec![class(CallerClass::Anyone)],
        reason: "The link is signed and expires, so that a browser can follow it without a token."
            .into(),
    };
    draft.finish(
        None,
        vec![PathParameter {
            name: "token".into(),
            kind: PathParameterKind::Token,
        }],
        "read",
    )
}

// ---- accounts ------------------------------------------------------------------------------------------------------

fn authentication(model: &Model) -> Vec<Operation> {
    use OperationKind::{ChangePassword, Me, Refresh, SetRoles, SignIn, SignOut, SignUp};
    let Some(account) = &model.account else {
        return Vec::new();
    };
    let entity = model.entity(account.entity);
    let anyone = || vec![class(CallerClass::Anyone)];
    let signed_in = || vec![class(CallerClass::SignedIn)];
    let mut drafts = Vec::new();
    let mut add =
        |id: &str, kind, method, path: String, status, guard, summary: &str, reason: &str| {
            let (id, summary, reason) = (id.to_owned(), summary.to_owned(), reason.to_owned());
            drafts.push(Draft {
                id,
                summary,
                kind,
                method,
                path,
                status,
                guard,
                reason,
            });
        };
    let at = |name: &str| format!("{}/auth/{name}", model.api.base);
    if model.roles.iter().any(|role| role.sign_up) {
        let reason = "A role is open to sign-up.";
        add(
            "auth.sign-up",
            SignUp,
            Method::Post,
            at("sign-up"),
            201,
            anyone(),
            "Sign up",
            reason,
        );
    }
    let accounts = "Accounts sign in with a password.";
    let tokens = "Access tokens are short-lived; a refresh token is used once.";
    add(
        "auth.sign-in",
        SignIn,
        Method::Post,
        at("sign-in"),
        200,
        anyone(),
        "Sign in",
        accounts,
    );
    add(
        "auth.refresh",
        Refresh,
        Method::Post,
        at("refresh"),
        200,
        anyone(),
        "Get new tokens",
        tokens,
    );
    add(
        "auth.sign-out",
        SignOut,
        Method::Post,
        at("sign-out"),
        204,
        signed_in(),
        "Sign out",
        tokens,
    );
    add(
        "auth.me",
        Me,
        Method::Get,
        at("me"),
        200,
        signed_in(),
        "Get your own account",
        accounts,
    );
    let summary = "Change your own password";
    add(
        "auth.password",
        ChangePassword,
        Method::Put,
        at("password"),
        204,
        signed_in(),
        summary,
        accounts,
    );
    let granting = granting_roles(model);
    if !granting.is_empty() {
        let id = format!("{}.set-roles", entity.plural);
        let guard = granting
            .into_iter()
            .map(|granting| role(model, entity.id, granting))
            .collect();
        let path = format!("{}/roles", row_path(model, entity));
        let summary = format!("Set the roles of {}", article(&entity.singular));
        add(
            &id,
            SetRoles,
            Method::Put,
            path,
            200,
            guard,
            &summary,
            "Roles are granted by roles.",
        );
    }
    drafts
        .into_iter()
        .map(|draft| finish_authentication(model, entity, draft))
        .collect()
}

const REPLACES_ROLES: &str = "Replaces all roles of the account: a role that is left out is taken. Each role that is given or taken must be \
     one that a role of the caller's grants.";

fn finish_authentication(model: &Model, entity: &Entity, draft: Draft) -> Operation {
    let parameters = if draft.kind == OperationKind::SetRoles {
        vec![row_parameter(model, entity)]
    } else {
        Vec::new()
    };
    let rate = match draft.kind {
        OperationKind::Me => "read",
        // No password is tried, and many accounts behind one address refresh all day.
        OperationKind::SignOut | OperationKind::SetRoles | OperationKind::Refresh => "write",
        _ => "sign-in",
    };
    let mut operation = draft.finish(Some(entity), parameters, rate);
    if operation.kind == OperationKind::SetRoles {
        operation.about = REPLACES_ROLES.to_owned();
    }
    operation
}

// ---- named ---------------------------------------------------------------------------------------------------------

fn named(model: &Model, index: usize) -> Operation {
    let operation = &model.operations[index];
    let parameters = operation.path_input.iter().enumerate();
    let parameters = parameters
        .map(|(position, input)| PathParameter {
            name: input.name.clone(),
            kind: PathParameterKind::Input(position),
        })
        .collect();
    let status = operation
        .replies
        .iter()
        .map(|(status, _)| *status)
        .find(|status| (200..300).contains(status));
    let draft = Draft {
        id: format!("op.{}", operation.name),
        summary: sentence(&operation.name),
        kind: OperationKind::Named(index),
        method: operation.method,
        path: format!("{}{}", model.api.base, operation.path),
        status: status.unwrap_or(204),
        guard: without_row(&operation.by),
        reason: "The design names it.".into(),
    };
    let mut planned = draft.finish(None, parameters, &operation.rate);
    planned.operation_id = camel(&operation.name);
    planned.about = operation.about.trim().to_owned();
    planned.workload = operation.workload;
    planned.until = operation.evolution.until;
    planned
}

#[cfg(test)]
mod tests {
    use super::article;

    #[test]
    fn the_sound_decides_the_article() {
        let names = [
            "order",
            "user",
            "unit",
            "european_city",
            "one_off",
            "utility",
        ];
        let shown = [
            "an order",
            "a user",
            "a unit",
            "a european city",
            "a one off",
            "a utility",
        ];
        assert_eq!(names.map(article), shown);
        let names = [
            "usher",
            "uninstallation",
            "hour",
            "house",
            "umbrella",
            "Item",
        ];
        let shown = [
            "an usher",
            "an uninstallation",
            "an hour",
            "a house",
            "an umbrella",
            "an Item",
        ];
        assert_eq!(names.map(article), shown);
    }
}
