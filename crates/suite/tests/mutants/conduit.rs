//! Named operations of Conduit: mistakes that the API tests of RealWorld miss, and others that its readers would see.

use super::*;

/// Replaces a condition by one that always holds.
fn open_wide(condition: &mut Expression) {
    condition.kind = ExpressionKind::Literal(Literal::Bool(true));
}

fn filter_of<'a>(plan: &'a mut Plan, operation: &str, step: usize) -> &'a mut Expression {
    match &mut named(plan, operation).steps[step].kind {
        StepKind::Find { filter, .. } | StepKind::List { filter, .. } => filter.as_mut().unwrap(),
        _ => panic!("no rows are looked for"),
    }
}

fn sides(condition: &mut Expression) -> (&mut Expression, &mut Expression) {
    match &mut condition.kind {
        ExpressionKind::Binary { left, right, .. } => (left, right),
        _ => panic!("no two sides"),
    }
}

#[test]
fn a_tag_filter_that_does_nothing() {
    check("conduit", "op.listArticles/step-1-list/where", |plan| {
        let (tag_and_author, _) = sides(filter_of(plan, "listArticles", 0));
        open_wide(sides(tag_and_author).0);
    });
}

#[test]
fn a_favourited_filter_that_does_nothing() {
    check("conduit", "op.listArticles/step-1-list/where", |plan| {
        open_wide(sides(filter_of(plan, "listArticles", 0)).1);
    });
}

#[test]
fn a_profile_that_tells_the_address() {
    check("conduit", "op.profile/happy/required", |plan| {
        leak(plan, "Profile", "email");
    });
}

/// Says of nobody that the caller follows them.
fn follow_nobody(profile: &mut Shape) {
    let Shape::Object(parts) = profile else {
        panic!("no object");
    };
    let following = parts.iter_mut().find(|(name, _)| name == "following");
    let Shape::Value(value) = &mut following.unwrap().1 else {
        panic!("no value");
    };
    value.kind = ExpressionKind::Literal(Literal::Bool(false));
}

#[test]
fn a_lost_following() {
    check("conduit", "op.follow/happy/required", |plan| {
        let mut views = plan.model.views.iter_mut();
        follow_nobody(&mut views.find(|one| one.name == "Profile").unwrap().show);
    });
}

#[test]
fn a_following_that_the_feed_loses() {
    check("conduit", "op.feed", |plan| {
        let profile = plan.model.views.iter().find(|one| one.name == "Profile");
        let mut profile = profile.unwrap().clone();
        follow_nobody(&mut profile.show);
        let wrong = ViewId(plan.model.views.len());
        plan.model.views.push(profile);
        let parts = show(plan, "ArticleInList").iter_mut();
        for (_, shape) in parts.filter(|(name, _)| name == "author") {
            if let Shape::Show { view, .. } = shape {
                *view = wrong;
            }
        }
    });
}

#[test]
fn a_follower_who_is_forgotten() {
    check("conduit", "op.follow/step-2-link/matters", |plan| {
        named(plan, "follow").steps.remove(1);
    });
}

#[test]
fn a_slug_that_stays_after_a_new_title() {
    check(
        "conduit",
        "op.updateArticle/body.article.title/given",
        |plan| {
            field(plan, "Article", "slug").immutable = true;
        },
    );
}

#[test]
fn a_feed_of_everybody() {
    check("conduit", "op.feed", |plan| {
        open_wide(filter_of(plan, "feed", 0));
    });
}

#[test]
fn a_count_of_something_else() {
    check("conduit", "op.favourite/", |plan| {
        let comments = field(plan, "Article", "comments").id;
        let parts = show(plan, "ArticleWhole").iter_mut();
        for (_, shape) in parts.filter(|(name, _)| name == "favoritesCount") {
            if let Shape::Value(value) = shape
                && let ExpressionKind::Aggregate { over, .. } = &mut value.kind
                && let ExpressionKind::Field { field, .. } = &mut over.kind
            {
                *field = comments;
            }
        }
    });
}

#[test]
fn an_article_that_others_delete() {
    check("conduit", "op.deleteArticle/step-2-guard/fails", |plan| {
        named(plan, "deleteArticle").steps.remove(1);
    });
}

#[test]
fn an_article_that_others_change() {
    check("conduit", "op.updateArticle/step-2-guard/fails", |plan| {
        named(plan, "updateArticle").steps.remove(1);
    });
}

#[test]
fn a_comment_that_is_deleted_through_another_article() {
    check("conduit", "op.deleteComment/step-2-find/where", |plan| {
        without_right(filter_of(plan, "deleteComment", 1));
    });
}

#[test]
fn a_new_password_that_is_not_taken() {
    check(
        "conduit",
        "op.updateUser/body.user.password/given",
        |plan| match &mut named(plan, "updateUser").steps[0].kind {
            StepKind::Update { password, .. } => *password = None,
            _ => panic!("no update"),
        },
    );
}

#[test]
fn a_token_of_nobody() {
    check("conduit", "op.currentUser/happy/required", |plan| {
        let replies = &mut named(plan, "currentUser").replies;
        let Shape::Object(parts) = &mut replies[0].1 else {
            panic!("no object");
        };
        let Shape::Object(user) = &mut parts[0].1 else {
            panic!("no object");
        };
        let name = user.iter().find(|(name, _)| name == "username");
        let name = name.unwrap().1.clone();
        let token = user.iter_mut().find(|(name, _)| name == "token");
        token.unwrap().1 = name;
    });
}

#[test]
fn a_refusal_in_other_words() {
    check("conduit", "op.register/step-1-create/fails", |plan| {
        let mut messages = plan.model.api.messages.iter_mut();
        messages.find(|(code, _)| code == "unique").unwrap().1 = "is taken".to_owned();
    });
}

#[test]
fn a_refusal_in_another_shape() {
    check("conduit", "op.feed/denied/anonymous", |plan| {
        plan.model.api.errors.retain(|(status, _)| status.is_none());
    });
}
