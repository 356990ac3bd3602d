//! What the diagram shows: boxes with rows, and relations between rows.

use archwright_plan::Plan;
use archwright_plan::model::{Entity, EntityId, Field, FieldKind, Origin, ToManyKind};

pub(crate) const ROW_HEIGHT: i32 = 22;
pub(crate) const HEADER_HEIGHT: i32 = 34;
const PADDING: i32 = 12;
/// A character of the monospaced face at 12 pixels, rounded up.
const CHARACTER: f64 = 7.3;
const MOST_ROWS: usize = 18;
const NARROWEST: i32 = 150;

pub(crate) struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

pub(crate) struct Node {
    pub name: String,
    pub kind: NodeKind,
    pub rows: Vec<Row>,
    /// Rows that are not shown.
    pub hidden: usize,
    pub width: i32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Plain,
    Account,
    Part,
}

pub(crate) struct Row {
    pub mark: &'static str,
    pub name: String,
    pub ty: String,
    pub optional: bool,
    pub computed: bool,
}

/// A relation, from the row that holds the reference to the entity that it names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub from: usize,
    pub row: usize,
    pub to: usize,
    pub many_to_many: bool,
    /// No two rows refer to the same one.
    pub unique: bool,
    pub optional: bool,
}

impl Node {
    pub fn height(&self) -> i32 {
        let rows = self.rows.len() + usize::from(self.hidden > 0);
        HEADER_HEIGHT + ROW_HEIGHT * rows as i32 + 6
    }

    /// The middle of a row, from the top of the box.
    pub fn row_middle(&self, row: usize) -> i32 {
        HEADER_HEIGHT + ROW_HEIGHT * row as i32 + ROW_HEIGHT / 2 + 2
    }
}

impl Edge {
    /// Where it meets the box that it refers to, from its top: at the id, or at the name for many-to-many.
    pub fn target_middle(&self, node: &Node) -> i32 {
        match self.many_to_many {
            true => HEADER_HEIGHT / 2,
            false => node.row_middle(0),
        }
    }
}

impl Graph {
    /// Only relations between two of the entities become edges.
    pub fn new(plan: &Plan, entities: &[EntityId]) -> Self {
        let mut graph = Self {
            nodes: Vec::new(),
            edges: Vec::new(),
        };
        for entity in entities {
            add(plan, plan.model.entity(*entity), &mut graph);
        }
        graph.edges.retain_mut(|edge| {
            let to = entities.iter().position(|entity| entity.0 == edge.to);
            edge.to = to.unwrap_or(edge.to);
            to.is_some()
        });
        graph
    }

    /// Whether a relation leads from the box to another one, or back.
    pub fn is_related(&self, node: usize) -> bool {
        let mut edges = self.edges.iter();
        edges.any(|edge| edge.from != edge.to && (edge.from == node || edge.to == node))
    }
}

/// A row with the relation that starts at it.
struct Candidate {
    row: Row,
    edge: Option<Target>,
}

struct Target {
    entity: EntityId,
    many_to_many: bool,
    unique: bool,
}

fn add(plan: &Plan, entity: &Entity, graph: &mut Graph) {
    let mut candidates = vec![Candidate {
        row: id_row(entity),
        edge: None,
    }];
    candidates.extend(
        entity
            .fields
            .iter()
            .filter_map(|field| candidate(plan, entity, field)),
    );
    let wanted = candidates.len();
    if wanted > MOST_ROWS {
        keep_most_telling(&mut candidates);
    }
    let index = graph.nodes.len();
    let mut rows = Vec::new();
    for Candidate { row, edge } in candidates.iter_mut().map(std::mem::take) {
        if let Some(target) = edge {
            graph.edges.push(Edge {
                from: index,
                row: rows.len(),
                to: target.entity.0,
                many_to_many: target.many_to_many,
                unique: target.unique,
                optional: row.optional,
            });
        }
        rows.push(row);
    }
    graph.nodes.push(Node {
        width: width(&entity.name, &rows),
        name: entity.name.clone(),
        kind: kind(plan, entity),
        hidden: wanted - rows.len(),
        rows,
    });
}

/// Keys and relations stay; of the others the first.
fn keep_most_telling(candidates: &mut Vec<Candidate>) {
    let telling =
        |candidate: &Candidate| candidate.edge.is_some() || !candidate.row.mark.is_empty();
    let mut room =
        (MOST_ROWS - 1).saturating_sub(candidates.iter().filter(|one| telling(one)).count());
    candidates.retain(|candidate| {
        if telling(candidate) {
            return true;
        }
        let kept = room > 0;
        room = room.saturating_sub(1);
        kept
    });
}

impl Default for Candidate {
    fn default() -> Self {
        let row = Row {
            mark: "",
            name: String::new(),
            ty: String::new(),
            optional: false,
            computed: false,
        };
        Self { row, edge: None }
    }
}

fn id_row(entity: &Entity) -> Row {
    let ty = match entity.id_type {
        archwright_plan::model::IdType::Uuid => "uuid",
        archwright_plan::model::IdType::Int => "int",
    };
    Row {
        mark: "PK",
        name: "id".to_owned(),
        ty: ty.to_owned(),
        optional: false,
        computed: false,
    }
}

fn candidate(plan: &Plan, entity: &Entity, field: &Field) -> Option<Candidate> {
    let model = &plan.model;
    let is_timestamp = field.origin == Origin::Implied && field.scalar().is_some();
    if is_timestamp {
        return None;
    }
    let unique = entity
        .unique
        .iter()
        .any(|key| key.fields.as_slice() == [field.id]);
    let mut row = Row {
        mark: if unique { "UK" } else { "" },
        name: field.name.clone(),
        ty: String::new(),
        optional: field.optional,
        computed: field.computed.is_some(),
    };
    let edge = match &field.kind {
        FieldKind::Scalar(scalar) => {
            row.ty = scalar.name().to_owned();
            None
        }
        FieldKind::ToOne(relation) => {
            row.mark = "FK";
            row.ty = model.entity(relation.target).name.clone();
            Some(Target {
                entity: relation.target,
                many_to_many: false,
                unique,
            })
        }
        FieldKind::ToMany(relation) => match relation.kind {
            ToManyKind::Linked { canonical, .. } if canonical == field.id => {
                row.mark = "M:N";
                row.ty = format!("{}[]", model.entity(relation.target).name);
                Some(Target {
                    entity: relation.target,
                    many_to_many: true,
                    unique: false,
                })
            }
            // The other side of a relation that is drawn already.
            _ => return None,
        },
    };
    Some(Candidate { row, edge })
}

fn kind(plan: &Plan, entity: &Entity) -> NodeKind {
    let is_account = plan
        .model
        .account
        .as_ref()
        .is_some_and(|account| account.entity == entity.id);
    match (is_account, entity.part_of) {
        (true, _) => NodeKind::Account,
        (_, Some(_)) => NodeKind::Part,
        _ => NodeKind::Plain,
    }
}

/// Mark, name and type stand in columns.
fn width(name: &str, rows: &[Row]) -> i32 {
    let longest = |length: &dyn Fn(&Row) -> usize| rows.iter().map(length).max().unwrap_or(0);
    let names = longest(&|row: &Row| row.name.chars().count());
    let types = longest(&|row: &Row| row.ty.chars().count() + usize::from(row.optional));
    let row = (CHARACTER * (names + types) as f64).ceil() as i32 + MARK_WIDTH + 18 + 2 * PADDING;
    let header = (8.6 * name.chars().count() as f64).ceil() as i32 + 2 * PADDING + 60;
    row.max(header).max(NARROWEST)
}

pub(crate) const MARK_WIDTH: i32 = 30;
