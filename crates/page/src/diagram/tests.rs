//! What holds of every diagram, tried on the examples: boxes apart, lines at the right rows and around the boxes.

#[path = "../../tests/common/mod.rs"]
mod common;

use super::graph::{Edge, Graph, Node, NodeKind, Row};
use super::layout::{Layout, Placed, layout};
use super::route::{Route, routes};
use archwright_plan::Plan;
use archwright_plan::model::EntityId;
use std::fmt::Write;
use std::path::Path;

struct Diagram {
    graph: Graph,
    layout: Layout,
    routes: Vec<Route>,
}

fn check(holds: impl Fn(&str, &Diagram)) {
    for name in [
        "bookshop", "conduit", "helpdesk", "newsroom", "payments", "profile",
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let plan = common::planned_folder(&folder.join(name)).expect("the examples are sound");
        holds(name, &diagram(&plan));
    }
    for seed in 1..=12 {
        let files = [("tangle.yaml".to_owned(), tangle(seed).into_bytes())];
        let plan = common::planned(&files).expect("the design is sound");
        holds(&format!("tangle {seed}"), &diagram(&plan));
    }
}

#[test]
fn in_diagrams_of_any_shape_boxes_lie_apart_and_lines_run_around_them() {
    for seed in 1..=200 {
        let (name, diagram) = (format!("shape {seed}"), drawn(shape(seed)));
        assert_apart(&name, &diagram);
        assert_joined(&name, &diagram);
        assert_around(&name, &diagram);
    }
}

/// Boxes of all sizes with relations to each other and to themselves, few or many.
fn shape(seed: u64) -> Graph {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let count = 1 + random(16);
    let density = 1 + random(9);
    let own = random(4);
    let mut graph = Graph {
        nodes: Vec::new(),
        edges: Vec::new(),
    };
    for from in 0..count {
        let rows = 1 + random(17);
        for row in 1..rows {
            let to = match random(12) < own {
                true => from,
                false => random(count),
            };
            if random(10) < density {
                graph.edges.push(Edge {
                    from,
                    row,
                    to,
                    many_to_many: random(4) == 0,
                    unique: false,
                    optional: false,
                });
            }
        }
        let row = || Row {
            mark: "",
            name: String::new(),
            ty: String::new(),
            optional: false,
            computed: false,
        };
        graph.nodes.push(Node {
            name: format!("Box{from}"),
            kind: NodeKind::Plain,
            rows: std::iter::repeat_with(row).take(rows).collect(),
            hidden: 0,
            width: 150 + random(200) as i32,
        });
    }
    graph
}

fn diagram(plan: &Plan) -> Diagram {
    let entities = plan.model.entities.iter();
    let entities: Vec<EntityId> = entities.map(|entity| entity.id).collect();
    drawn(Graph::new(plan, &entities))
}

fn drawn(graph: Graph) -> Diagram {
    let layout = layout(&graph);
    let routes = routes(&graph, &layout);
    Diagram {
        graph,
        layout,
        routes,
    }
}

/// Entities that refer to each other and themselves without a plan.
fn tangle(seed: usize) -> String {
    let count = 6 + seed;
    let mut text = String::from("archwright: 1\nname: tangle\nentities:\n");
    let leads = |from: usize, field: usize| (from * 7 + field * 5 + seed * 3) % count;
    for index in 0..count {
        let _ = write!(text, "  Knot{index}x:\n    fields:\n");
        for field in 0..index % 4 {
            let target = leads(index, field);
            // Where the target leads back by one field, the list is the other side of that.
            let back = (0..target % 4).find(|back| leads(target, *back) == index);
            let many = match ((index + field) % 5, back) {
                (0, Some(back)) if (target + back) % 5 != 0 => format!("[], by to{back}"),
                (0, _) => "[]".to_owned(),
                _ => "?".to_owned(),
            };
            let _ = writeln!(text, "      to{field}: Knot{target}x{many}");
        }
        text.push_str("      title: string\n    allow: { read: anyone }\n");
    }
    text
}

/// Whether a level or upright stretch enters the inside of a box.
fn enters(placed: &Placed, first: (i32, i32), second: (i32, i32)) -> bool {
    let overlaps = |from: i32, to: i32, start: i32, end: i32| from.max(start) < to.min(end);
    let (left, right) = (first.0.min(second.0), first.0.max(second.0) + 1);
    let (top, bottom) = (first.1.min(second.1), first.1.max(second.1) + 1);
    overlaps(left, right, placed.x + 1, placed.x + placed.width - 1)
        && overlaps(top, bottom, placed.y + 1, placed.y + placed.height - 1)
}

#[test]
fn boxes_lie_apart_and_inside_the_diagram() {
    check(assert_apart);
}

fn assert_apart(name: &str, diagram: &Diagram) {
    let Layout {
        boxes,
        width,
        height,
        ..
    } = &diagram.layout;
    for (index, one) in boxes.iter().enumerate() {
        assert!(
            one.x + one.width < *width && one.y + one.height < *height,
            "{name}: {one:?}"
        );
        for other in &boxes[index + 1..] {
            let apart = one.x + one.width < other.x
                || other.x + other.width < one.x
                || one.y + one.height < other.y
                || other.y + other.height < one.y;
            assert!(apart, "{name}: {one:?} and {other:?}");
        }
    }
}

#[test]
fn lines_run_from_their_row_to_what_it_refers_to_and_stay_inside_the_diagram() {
    check(|name, diagram| {
        assert!(!diagram.routes.is_empty(), "{name}");
        assert_joined(name, diagram);
    });
}

fn assert_joined(name: &str, diagram: &Diagram) {
    let Diagram {
        graph,
        layout,
        routes,
    } = diagram;
    assert_eq!(routes.len(), graph.edges.len());
    for Route { edge, points } in routes {
        let (source, target) = (&layout.boxes[edge.from], &layout.boxes[edge.to]);
        let sides = |placed: &Placed| [placed.x, placed.x + placed.width];
        let (first, last) = (points[0], points[points.len() - 1]);
        assert!(sides(source).contains(&first.0), "{name}: {edge:?}");
        let row = graph.nodes[edge.from].row_middle(edge.row);
        assert_eq!(first.1, source.y + row, "{name}: {edge:?}");
        assert!(sides(target).contains(&last.0), "{name}: {edge:?}");
        let middle = edge.target_middle(&graph.nodes[edge.to]);
        assert_eq!(last.1, target.y + middle, "{name}: {edge:?}");
        let inside =
            |(x, y): &(i32, i32)| (0..layout.width).contains(x) && (0..layout.height).contains(y);
        assert!(points.iter().all(inside), "{name}: {edge:?} {points:?}");
    }
}

#[test]
fn no_line_runs_through_a_box() {
    check(assert_around);
}

fn assert_around(name: &str, diagram: &Diagram) {
    for Route { edge, points } in &diagram.routes {
        for pair in points.windows(2) {
            for (index, placed) in diagram.layout.boxes.iter().enumerate() {
                let through = &diagram.graph.nodes[index].name;
                assert!(
                    !enters(placed, pair[0], pair[1]),
                    "{name}: {edge:?} runs through {through}"
                );
            }
        }
    }
}

type Point = (i32, i32);

/// What a stretch leads to, and its ends.
struct Stretch {
    target: (usize, bool),
    from: Point,
    to: Point,
}

/// How far two stretches run along each other.
fn along(one: &Stretch, other: &Stretch) -> i32 {
    let shared = |first: (i32, i32), second: (i32, i32)| {
        let start = first.0.min(first.1).max(second.0.min(second.1));
        first.0.max(first.1).min(second.0.max(second.1)) - start
    };
    let upright = |stretch: &Stretch| stretch.from.0 == stretch.to.0;
    match (upright(one), upright(other)) {
        (true, true) if one.from.0 == other.from.0 => {
            shared((one.from.1, one.to.1), (other.from.1, other.to.1))
        }
        (false, false) if one.from.1 == other.from.1 => {
            shared((one.from.0, one.to.0), (other.from.0, other.to.0))
        }
        _ => 0,
    }
}

#[test]
fn lines_that_lead_to_different_rows_never_run_along_each_other() {
    check(|name, diagram| {
        let mut stretches = Vec::new();
        for Route { edge, points } in &diagram.routes {
            stretches.extend(points.windows(2).map(|pair| Stretch {
                target: (edge.to, edge.many_to_many),
                from: pair[0],
                to: pair[1],
            }));
        }
        for (index, one) in stretches.iter().enumerate() {
            for other in &stretches[index + 1..] {
                let apart = one.target == other.target || along(one, other) <= 0;
                assert!(apart, "{name}: at {:?} and {:?}", one.from, other.from);
            }
        }
    });
}
