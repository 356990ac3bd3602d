//! Short needs, and the patterns that an architect would think of. The table was written before the triggers were tuned.

use archwright_patterns::{matching, settled};
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

/// Needs that were written after the triggers. Before anything was changed for them, precision was 0.900 and recall 0.947.
const OTHER_NEEDS: &[(&str, &[&str])] = &[
    (
        "Build a backend for a dental practice so patients can book an appointment online.",
        &["appointment"],
    ),
    ("Our gym members want to log their training.", &["fitness"]),
    ("Implement OAuth login for our app.", &["account"]),
    (
        "An e-commerce platform with product catalog, shopping cart and order history.",
        &["catalogue", "cart", "order"],
    ),
    (
        "Let visitors subscribe to our mailing list.",
        &["newsletter"],
    ),
    (
        "Ship orders and send tracking numbers to customers.",
        &["shipment", "order"],
    ),
    (
        "Users can upload videos and other people can comment on them and like them.",
        &["media", "comment", "reaction"],
    ),
    ("We run a car rental company.", &["fleet"]),
    (
        "Parents want to see the grades of students at our school.",
        &["course"],
    ),
    ("A to-do list app.", &["project"]),
    ("Hotel reservations with room availability.", &["booking"]),
    ("Charge customers monthly for our SaaS.", &["subscription"]),
    ("Accept credit card payments with Stripe.", &["payment"]),
    ("Issue refunds for failed payments.", &["refund", "payment"]),
    ("Group chat with attachments.", &["message"]),
    ("Push notifications to mobile devices.", &["notification"]),
    (
        "Users can change their preferences and language.",
        &["settings"],
    ),
    (
        "Vendors list their products on our marketplace and receive payouts.",
        &["marketplace", "catalogue"],
    ),
    ("Volunteers register for events.", &["event"]),
    ("Store sensor data from our greenhouse.", &["telemetry"]),
    (
        "Log every change for compliance: an audit trail.",
        &["audit"],
    ),
    (
        "The warehouse needs stock control and reordering from suppliers.",
        &["inventory", "purchasing"],
    ),
    ("Allow customers to rate restaurants.", &["review"]),
    ("A bug tracker for our development team.", &["ticketing"]),
    ("A question bank for exams.", &["quiz"]),
    ("Collect feedback with a survey.", &["survey"]),
    (
        "People report abusive posts and moderators ban users.",
        &["moderation", "post"],
    ),
    (
        "A recipe site where cooks share recipes and visitors review them.",
        &["recipe", "review"],
    ),
    (
        "Landlords manage apartments and tenants sign leases.",
        &["property"],
    ),
    (
        "Keep track of household spending with budgets.",
        &["budget"],
    ),
    (
        "Staff clock in and out, and their hours are approved.",
        &["timesheet"],
    ),
    ("A taxi app where passengers request rides.", &["fleet"]),
    ("A charity wants to accept donations online.", &["donation"]),
    (
        "Bloggers write articles and readers leave comments.",
        &["post", "comment"],
    ),
    ("Delete my data: GDPR erasure requests.", &["consent"]),
    (
        "Customers save their delivery address for later.",
        &["address"],
    ),
    ("Sales reps follow up on leads and close deals.", &["crm"]),
    ("Our podcast needs an episode list.", &["playlist"]),
    ("A phone book for our employees.", &["contact"]),
    (
        "Webhooks tell partners about new orders.",
        &["webhook", "order"],
    ),
    ("A store locator with a map.", &["place"]),
    (
        "Journalists publish news articles that editors approve.",
        &["post"],
    ),
    ("Book a table at a restaurant.", &["booking"]),
    ("People vote in an online poll.", &["poll"]),
    ("Customers redeem loyalty points for rewards.", &["loyalty"]),
    ("Roommates split bills.", &[]),
    ("Rewrite the parser in Rust.", &[]),
    ("Convert temperatures between Celsius and Fahrenheit.", &[]),
    ("Improve performance of the database queries.", &[]),
    ("Our process has to follow the following rules.", &[]),
];

/// Needs that are kept aside: triggers are not changed for them.
const KEPT_NEEDS: &[(&str, &[&str])] = &[
    (
        "We are building a veterinary clinic system to manage appointments.",
        &["veterinary"],
    ),
    (
        "Implement two-step sign-in and session management.",
        &["account"],
    ),
    (
        "My bakery wants to sell cakes online and take card payments.",
        &["order", "payment"],
    ),
    ("Our club needs a place to vote on proposals.", &["poll"]),
    (
        "Add threaded comments to the articles of our magazine.",
        &["comment", "post"],
    ),
    (
        "Students should be able to take an exam and see their score.",
        &["quiz", "course"],
    ),
    (
        "The customer support team wants to assign tickets to agents.",
        &["ticketing"],
    ),
    ("Keep an inventory of spare parts.", &["inventory"]),
    (
        "Remind users about upcoming deadlines with email notifications.",
        &["notification"],
    ),
    ("Coworking space where members reserve desks.", &["booking"]),
    (
        "People want to follow artists and listen to their albums.",
        &["follow", "playlist"],
    ),
    (
        "Expense reports need approval before reimbursement.",
        &["expense"],
    ),
    (
        "A platform for crowdfunding creative projects.",
        &["donation"],
    ),
    (
        "Let tenants of a building report a broken elevator as a repair request.",
        &["maintenance"],
    ),
    (
        "Companies post vacancies and applicants upload their resume.",
        &["recruiting"],
    ),
    ("A mobile app to track my runs and workouts.", &["fitness"]),
    ("Invoices with VAT for our freelancers.", &["invoice"]),
    (
        "Automatic renewal of subscriptions and cancellation at any time.",
        &["subscription"],
    ),
    (
        "Each company has its own workspace, invisible to others.",
        &["organisation"],
    ),
    (
        "Store documents with versions and share them with colleagues.",
        &["document"],
    ),
    (
        "Users can block and report other members for spam.",
        &["moderation"],
    ),
    (
        "Give every customer a wallet with a balance that they top up.",
        &["wallet"],
    ),
    (
        "Vouchers that lower the price of an order.",
        &["coupon", "order"],
    ),
    ("A museum sells tickets for guided tours.", &["event"]),
    ("Couriers scan parcels at each stop.", &["shipment"]),
    (
        "Smart thermostats report the temperature every minute.",
        &["telemetry"],
    ),
    ("Real-time chat between buyers and sellers.", &["message"]),
    (
        "Rate limiting with API tokens for developers.",
        &["api-key"],
    ),
    (
        "The HR department wants vacation requests and sick leave.",
        &["leave"],
    ),
    ("Readers bookmark recipes.", &["favourite", "recipe"]),
    (
        "A glossary for our documentation site.",
        &["knowledge-base"],
    ),
    ("Sensor readings trigger an alert.", &["telemetry"]),
    ("Book club with monthly meetings.", &["group"]),
    ("Product reviews with photos.", &["review", "catalogue"]),
    (
        "Property managers collect rent from tenants.",
        &["property"],
    ),
    ("Compute prime numbers quickly.", &[]),
    ("Fix the typo on the landing page.", &[]),
    ("Migrate from Java to Kotlin.", &[]),
];

/// Needs of fields that came later, with their neighbours.
const LATER_NEEDS: &[(&str, &[&str])] = &[
    (
        "An app where dog owners book walks with dog walkers nearby.",
        &["service"],
    ),
    ("Parents find a babysitter for the evening.", &["service"]),
    (
        "Our vet practice keeps animals, their owners, vaccinations and appointments.",
        &["veterinary"],
    ),
    ("We rent out films, and late ones cost a fine.", &["rental"]),
    ("Tourists rent a bike for some days.", &["rental"]),
    ("We rent out apartments.", &["property"]),
    (
        "Members book courts; the manager sets prices.",
        &["booking"],
    ),
    ("A link shortener that counts clicks.", &["short-link"]),
    ("Colleagues share rides to work.", &["carpool"]),
    (
        "Customers suggest features and vote on them.",
        &["suggestion"],
    ),
    (
        "Track donations to our church; every donor gets a receipt.",
        &["donation"],
    ),
    (
        "Group chat with channels, direct messages and file attachments.",
        &["message"],
    ),
];

#[test]
fn needs_of_later_fields_find_their_patterns() {
    check("later needs", LATER_NEEDS, 0.97);
}

fn answered(text: &str, pattern: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(' ').collect();
    let settled = settled(&[pattern], &words).into_iter();
    settled
        .map(|own| format!("{}={} by {}", own.question, own.choice, own.evidence))
        .collect()
}

#[test]
fn a_text_answers_questions_of_its_patterns() {
    assert_eq!(
        answered("Students hand in their homework", "course"),
        ["course.homework=yes by homework"]
    );
    assert_eq!(
        answered("The manager confirmed each booking", "booking"),
        ["booking.approval=confirmed by confirmed"]
    );
    assert!(answered("Teachers give courses", "course").is_empty());
}

#[test]
fn a_text_that_speaks_for_two_answers_leaves_the_question_open() {
    let both = "Guests book instantly or the host must confirm";
    assert!(answered(both, "booking").is_empty());
}

fn found(need: &str) -> BTreeSet<&'static str> {
    let words: Vec<&str> = need
        .split(|letter: char| !letter.is_alphanumeric() && letter != '-')
        .filter(|word| !word.is_empty())
        .collect();
    matching(&words).into_iter().map(|found| found.id).collect()
}

#[test]
fn short_needs_find_their_patterns() {
    check("needs", NEEDS, 0.97);
}

#[test]
fn other_short_needs_find_their_patterns() {
    check("other needs", OTHER_NEEDS, 0.97);
}

#[test]
fn needs_that_are_kept_aside_find_their_patterns() {
    check("kept needs", KEPT_NEEDS, 0.85);
}

/// Precision and recall over the needs, each of which has to reach a least value.
fn check(name: &str, needs: &[(&str, &[&str])], least: f64) {
    let (mut right, mut wrong, mut missed) = (0, Vec::new(), Vec::new());
    for (need, expected) in needs {
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
        "{} {name}: precision {precision:.3}, recall {recall:.3}",
        needs.len()
    );
    println!(
        "wrong:\n{}\nmissed:\n{}",
        wrong.join("\n"),
        missed.join("\n")
    );
    assert!(
        precision >= least && recall >= least,
        "precision {precision:.3}, recall {recall:.3}"
    );
}
