//! Short needs, and the patterns that an architect would think of. The table was written before the triggers were tuned.

use archwright_patterns::matching;
use std::collections::BTreeSet;

/// A need, and the patterns that have to be found, none more and none less.
const NEEDS: &[(&str, &[&str])] = &[
    (
        "I need to add a user profile management system so that users can update their personal information and profile pictures.",
        &["profile"],
    ),
    (
        "Working on the payment processing feature today.",
        &["payment"],
    ),
    (
        "We want an online shop where customers buy products.",
        &["catalogue", "order"],
    ),
    (
        "Users should be able to comment on blog posts.",
        &["comment", "post"],
    ),
    ("Add a shopping cart with checkout.", &["cart"]),
    (
        "A help desk for our customers with tickets and agents.",
        &["ticketing"],
    ),
    (
        "Let people follow each other and see a news feed.",
        &["follow", "feed"],
    ),
    (
        "Send notifications when something happens.",
        &["notification"],
    ),
    (
        "Book meeting rooms and check their availability.",
        &["booking"],
    ),
    (
        "Doctors see their patients at appointments.",
        &["appointment"],
    ),
    ("A library where members borrow books.", &["loan"]),
    ("Students enrol in courses given by teachers.", &["course"]),
    ("Direct messages between members.", &["message"]),
    (
        "Recurring billing with subscription plans and a free trial.",
        &["subscription"],
    ),
    ("Create and send invoices to customers.", &["invoice"]),
    ("Customers can enter a discount code.", &["coupon"]),
    ("Track inventory across several warehouses.", &["inventory"]),
    ("Customers leave reviews with star ratings.", &["review"]),
    ("People can tag things with hashtags.", &["tag"]),
    ("Manage projects and tasks on a kanban board.", &["project"]),
    (
        "Multi-tenant SaaS where each organization has its own data.",
        &["organisation"],
    ),
    ("Role-based access control with permissions.", &["role"]),
    (
        "Give partners API keys and webhooks.",
        &["api-key", "webhook"],
    ),
    (
        "We need feature flags for gradual rollout.",
        &["feature-flag"],
    ),
    ("Keep an audit log of everything that happens.", &["audit"]),
    (
        "A wiki with help articles for our staff.",
        &["knowledge-base"],
    ),
    (
        "Newsletter subscription with double opt in.",
        &["newsletter"],
    ),
    (
        "Employees submit expense reports with receipts.",
        &["expense"],
    ),
    (
        "Employees request vacation and managers approve it.",
        &["leave"],
    ),
    ("Time tracking with weekly timesheets.", &["timesheet"]),
    (
        "A job board where candidates apply to job postings.",
        &["recruiting"],
    ),
    ("Sell tickets for concerts and festivals.", &["event"]),
    (
        "Real estate agents publish property listings and arrange viewings.",
        &["property"],
    ),
    ("An app for recipes and meal planning.", &["recipe"]),
    ("Track workouts and exercises at the gym.", &["fitness"]),
    ("Online quizzes with multiple choice questions.", &["quiz"]),
    (
        "Fundraising campaigns where donors donate money.",
        &["donation"],
    ),
    ("Fleet management: vehicles, drivers and trips.", &["fleet"]),
    (
        "Food delivery from restaurants with couriers.",
        &["food-delivery"],
    ),
    ("An auction site where people place bids.", &["auction"]),
    ("A CRM with leads and a sales pipeline.", &["crm"]),
    ("Polls where everyone can vote once.", &["poll"]),
    ("A digital wallet to send money to friends.", &["wallet"]),
    (
        "A loyalty program where customers earn points.",
        &["loyalty"],
    ),
    ("Insurance claims are assessed by adjusters.", &["claim"]),
    (
        "Technicians finish work orders for broken equipment.",
        &["maintenance"],
    ),
    (
        "IoT sensors send readings and raise alerts.",
        &["telemetry"],
    ),
    (
        "Moderators review reported content; content moderation.",
        &["moderation"],
    ),
    (
        "A waiting list for sold out workshops.",
        &["waitlist", "event"],
    ),
    ("Customers keep wishlists.", &["wish-list"]),
    (
        "Users bookmark articles to read later.",
        &["favourite", "post"],
    ),
    (
        "Purchase orders to suppliers with approval.",
        &["purchasing"],
    ),
    ("A marketplace with many sellers.", &["marketplace"]),
    (
        "People sell second-hand items to each other in classified ads.",
        &["listing"],
    ),
    ("A budgeting app for personal finance.", &["budget"]),
    ("Gift cards with a balance.", &["gift-card"]),
    (
        "Referral program: refer a friend and get a reward.",
        &["referral"],
    ),
    ("Music streaming with playlists and albums.", &["playlist"]),
    ("Sign up, login and password reset.", &["account"]),
    ("A settings page with dark mode.", &["settings"]),
    (
        "Refund customers when an order is cancelled.",
        &["refund", "order"],
    ),
    (
        "A general ledger with double-entry bookkeeping.",
        &["ledger"],
    ),
    (
        "Track parcels until the courier delivers them.",
        &["shipment"],
    ),
    ("A calendar to schedule meetings.", &["schedule"]),
    (
        "Share documents in folders with version history.",
        &["document"],
    ),
    ("A photo gallery where users upload images.", &["media"]),
    ("Find nearby places on a map.", &["place"]),
    (
        "Surveys and questionnaires for customer feedback.",
        &["survey"],
    ),
    ("Invite team members by email invitation.", &["invitation"]),
    ("GDPR consent and data export requests.", &["consent"]),
    ("A background job queue with workers.", &["job"]),
    ("A community forum with groups and topics.", &["group"]),
    (
        "Products come in different sizes and colours, so we need product variants.",
        &["catalogue", "variant"],
    ),
    ("Saved searches with search alerts.", &["search"]),
    ("People keep a diary with notes.", &["note"]),
    ("Customers store a shipping address.", &["address"]),
    (
        "Users like posts and leave emoji reactions.",
        &["reaction", "post"],
    ),
    ("A contact list with phone numbers.", &["contact"]),
    ("The quick brown fox jumps over the lazy dog.", &[]),
    ("Please make the server faster.", &[]),
];

fn found(need: &str) -> BTreeSet<&'static str> {
    let words: Vec<&str> = need
        .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
        .filter(|word| !word.is_empty())
        .collect();
    matching(&words).into_iter().map(|found| found.id).collect()
}

#[test]
fn short_needs_find_their_patterns() {
    let (mut right, mut wrong, mut missed) = (0, Vec::new(), Vec::new());
    for (need, expected) in NEEDS {
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        let found = found(need);
        right += found.intersection(&expected).count();
        wrong.extend(
            found
                .difference(&expected)
                .map(|id| format!("{id}: {need}")),
        );
        missed.extend(
            expected
                .difference(&found)
                .map(|id| format!("{id}: {need}")),
        );
    }
    let precision = right as f64 / (right + wrong.len()) as f64;
    let recall = right as f64 / (right + missed.len()) as f64;
    println!(
        "{} needs: precision {precision:.3}, recall {recall:.3}",
        NEEDS.len()
    );
    println!(
        "wrong:\n{}\nmissed:\n{}",
        wrong.join("\n"),
        missed.join("\n")
    );
    assert!(
        precision >= 0.95 && recall >= 0.95,
        "precision {precision:.3}, recall {recall:.3}"
    );
}
