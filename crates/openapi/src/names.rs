//! Names of the component schemas: the entities keep theirs, all others give way.

use archwright_plan::Plan;
use archwright_plan::model::{EntityId, ViewId};
use std::collections::BTreeSet;

pub(crate) struct Names {
    entities: Vec<EntityNames>,
    views: Vec<String>,
    pub problem: String,
    pub page: String,
    pub file: String,
    pub session: String,
}

pub(crate) struct EntityNames {
    pub row: String,
    /// A row of which `fields` kept only some keys.
    pub sparse: String,
    pub list: String,
    pub create: String,
    pub update: String,
}

impl Names {
    pub fn new(plan: &Plan) -> Self {
        let model = &plan.model;
        let mut taken: BTreeSet<String> = model
            .entities
            .iter()
            .map(|entity| entity.name.clone())
            .collect();
        let entities = model
            .entities
            .iter()
            .map(|entity| {
                let mut claim = |suffix| claim(&mut taken, format!("{}{suffix}", entity.name));
                EntityNames {
                    row: entity.name.clone(),
                    sparse: claim("Sparse"),
                    list: claim("List"),
                    create: claim("Create"),
                    update: claim("Update"),
                }
            })
            .collect();
        let views = model
            .views
            .iter()
            .map(|view| claim(&mut taken, view.name.clone()))
            .collect();
        Self {
            entities,
            views,
            problem: claim(&mut taken, "Problem".to_owned()),
            page: claim(&mut taken, "Page".to_owned()),
            file: claim(&mut taken, "StoredFile".to_owned()),
            session: claim(&mut taken, "Session".to_owned()),
        }
    }

    pub fn entity(&self, id: EntityId) -> &EntityNames {
        &self.entities[id.0]
    }

    pub fn view(&self, id: ViewId) -> &str {
        &self.views[id.0]
    }
}

fn claim(taken: &mut BTreeSet<String>, wanted: String) -> String {
    let mut name = wanted.clone();
    let mut number = 2;
    while !taken.insert(name.clone()) {
        name = format!("{wanted}{number}");
        number += 1;
    }
    name
}
