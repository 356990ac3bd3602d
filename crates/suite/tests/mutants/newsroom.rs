//! Named operations of the newsroom.

use super::*;

#[test]
fn a_forgotten_step_that_guards() {
    check("newsroom", "op.reviseArticle/step-2-guard/fails", |plan| {
        named(plan, "reviseArticle").steps.remove(1);
    });
}

#[test]
fn a_guard_that_says_the_opposite() {
    check("newsroom", "op.follow/step-2-guard/fails", |plan| {
        if let StepKind::Guard { that } = &mut named(plan, "follow").steps[1].kind {
            swap(that, BinaryOperator::NotEqual, BinaryOperator::Equal);
        }
    });
}

#[test]
fn a_forgotten_link() {
    check("newsroom", "op.favourite/step-2-link/matters", |plan| {
        named(plan, "favourite").steps.remove(1);
    });
}

#[test]
fn a_forgotten_unlink() {
    check("newsroom", "op.unfollow/step-2-unlink/matters", |plan| {
        named(plan, "unfollow").steps.remove(1);
    });
}

#[test]
fn a_vote_that_is_counted_twice() {
    check("newsroom", "op.vote/step-3-increment/if/true", |plan| {
        named(plan, "vote").steps.remove(2);
    });
}

#[test]
fn a_forgotten_effect_of_a_move_on_another_row() {
    check("newsroom", "articles.retract/do/create-1", |plan| {
        step(plan, "Article", "retract").steps.clear();
    });
}

#[test]
fn a_row_that_is_found_in_any_state() {
    check(
        "newsroom",
        "op.favourite/step-1-find/where/without-2",
        |plan| {
            if let StepKind::Find { filter, .. } = &mut named(plan, "favourite").steps[0].kind {
                without_right(filter.as_mut().unwrap());
            }
        },
    );
}

#[test]
fn a_forgotten_filter_of_a_list() {
    // The last part of the condition is that on `favorited`.
    check("newsroom", "op.listArticles/step-1-list/where", |plan| {
        if let StepKind::List { filter, .. } = &mut named(plan, "listArticles").steps[0].kind {
            without_right(filter.as_mut().unwrap());
        }
    });
}

#[test]
fn another_order_of_a_list() {
    check("newsroom", "op.listArticles/step-1-list/sort", |plan| {
        if let StepKind::List { sort, .. } = &mut named(plan, "listArticles").steps[0].kind {
            sort[0].1 = Direction::Ascending;
        }
    });
}

#[test]
fn another_order_of_the_feed() {
    check("newsroom", "op.feed/step-1-list/sort", |plan| {
        if let StepKind::List { sort, .. } = &mut named(plan, "feed").steps[0].kind {
            sort[0].1 = Direction::Ascending;
        }
    });
}

#[test]
fn a_forgotten_offset() {
    check("newsroom", "op.listArticles/window", |plan| {
        if let StepKind::List { offset, .. } = &mut named(plan, "listArticles").steps[0].kind {
            *offset = None;
        }
    });
}

#[test]
fn a_forgotten_offset_of_the_feed() {
    check("newsroom", "op.feed/window", |plan| {
        if let StepKind::List { offset, .. } = &mut named(plan, "feed").steps[0].kind {
            *offset = None;
        }
    });
}

#[test]
fn a_filter_by_admirers_that_finds_nothing() {
    // What is left of the last part is `query.favorited == null`.
    check(
        "newsroom",
        "op.listArticles/step-1-list/where/without-10",
        |plan| {
            if let StepKind::List { filter, .. } = &mut named(plan, "listArticles").steps[0].kind
                && let ExpressionKind::Binary { right, .. } = &mut filter.as_mut().unwrap().kind
                && let ExpressionKind::Binary { right, .. } = &mut right.kind
            {
                without_right(right);
            }
        },
    );
}

#[test]
fn a_list_of_the_rows_of_all() {
    check("newsroom", "op.listComments/happy/required", |plan| {
        if let StepKind::List { filter, .. } = &mut named(plan, "listComments").steps[1].kind {
            *filter = None;
        }
    });
}

#[test]
fn another_status_of_a_refusal() {
    check("newsroom", "op.follow/step-2-guard/fails", |plan| {
        named(plan, "follow").steps[1].otherwise = Otherwise::Status(409);
    });
}

#[test]
fn a_view_that_leaks_a_field() {
    check("newsroom", "op.profile/happy/required", |plan| {
        leak(plan, "Profile", "email");
    });
}

#[test]
fn an_update_that_empties_what_was_left_out() {
    check(
        "newsroom",
        "op.reviseArticle/body.article.description/absent",
        |plan| {
            let StepKind::Update { set, .. } = &mut named(plan, "reviseArticle").steps[3].kind
            else {
                panic!("no update");
            };
            // No longer the input alone: its absence is a missing value like any other, which becomes an empty text.
            let (_, value) = &mut set[1];
            let given = value.clone();
            let empty = Expression {
                kind: ExpressionKind::Literal(Literal::Text(String::new())),
                ..given.clone()
            };
            value.kind = ExpressionKind::Function {
                function: Function::Coalesce,
                arguments: vec![given, empty],
            };
        },
    );
}

#[test]
fn a_named_operation_for_everybody() {
    check("newsroom", "op.writeArticle/denied/anonymous", |plan| {
        operation(plan, "op.writeArticle").guard[0].caller = CallerClass::Anyone;
    });
}

/// The score is that of the votes only if the last step counts the new one.
#[test]
fn a_vote_that_is_not_counted() {
    check("newsroom", "op.vote/step-5-increment/matters", |plan| {
        named(plan, "vote").steps.remove(4);
    });
}
