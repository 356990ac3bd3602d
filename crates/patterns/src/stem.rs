//! One form for the forms of an English word, so that triggers match whatever form a text has.

/// Words that end like a plural or a verb form and are none.
const WHOLE: &[&str] = &[
    "address",
    "access",
    "business",
    "process",
    "progress",
    "news",
    "status",
    "bus",
    "class",
    "fitness",
    "thing",
    "string",
    "wedding",
    "building",
    "ceiling",
    "series",
    "species",
    "goods",
    "sms",
    "gps",
    "pos",
    "cms",
    "lms",
    "saas",
    "red",
    "bed",
    "need",
    "feed",
    "seed",
    "speed",
    "embed",
    "bring",
    "ring",
    "king",
    "sing",
    "spring",
    "during",
    "press",
    "booking",
    "meeting",
    "listing",
    "following",
    "posting",
    "rating",
    "setting",
    "saving",
    "training",
    "wellness",
    "illness",
    "analytics",
    "statistics",
    "logistics",
    "campus",
    "bonus",
    "virus",
    "lens",
];

/// The word in lower case without the endings of plurals, participles and gerunds. Not a dictionary form: `purchas` for
/// `purchase` and `purchasing`.
pub(crate) fn stem(word: &str) -> String {
    let word = word.to_lowercase();
    if word.len() <= 3 || WHOLE.contains(&word.as_str()) {
        return word;
    }
    let endings = [
        ("ies", "y"),
        ("sses", "ss"),
        ("ches", "ch"),
        ("shes", "sh"),
        ("xes", "x"),
        ("ss", "ss"),
        ("us", "us"),
        ("s", ""),
    ];
    let singular = replaced(&word, &endings, 2).unwrap_or(word);
    if WHOLE.contains(&singular.as_str()) {
        return singular;
    }
    let plain =
        replaced(&singular, &[("ing", ""), ("ied", "y"), ("ed", "")], 3).unwrap_or(singular);
    let plain = match plain.strip_suffix('e') {
        Some(short) if short.len() >= 3 => short.to_owned(),
        _ => plain,
    };
    undoubled(plain)
}

/// The word with the first ending that it has replaced, if at least so many letters remain.
fn replaced(word: &str, endings: &[(&str, &str)], least: usize) -> Option<String> {
    let (stem, ending) = endings
        .iter()
        .find_map(|(from, to)| word.strip_suffix(from).map(|stem| (stem, to)))?;
    (stem.len() >= least).then(|| format!("{stem}{ending}"))
}

/// `shipp` of `shipping` is `ship`; `bill` of `billing` and `bills` becomes `bil` in both.
fn undoubled(word: String) -> String {
    let mut letters = word.chars().rev();
    match (letters.next(), letters.next()) {
        (Some(last), Some(before))
            if last == before && last.is_ascii_alphabetic() && word.len() > 3 && last != 's' =>
        {
            word[..word.len() - 1].to_owned()
        }
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn the_forms_of_a_word_have_one_stem() {
        for forms in [
            &["review", "reviews", "reviewed", "reviewing"][..],
            &["ship", "ships", "shipped", "shipping"],
            &["bill", "bills", "billed", "billing"],
            &["category", "categories"],
            &["rate", "rates", "rated"],
            &["booking", "bookings"],
            &["address", "addresses"],
            &["purchase", "purchases", "purchased", "purchasing"],
            &["notify", "notifies", "notified"],
            &["invoice", "invoices", "invoicing"],
        ] {
            let stems: Vec<String> = forms.iter().map(|form| stem(form)).collect();
            assert!(
                stems.iter().all(|other| *other == stems[0]),
                "{forms:?}: {stems:?}"
            );
        }
    }

    #[test]
    fn words_that_only_look_alike_stay_apart() {
        for (one, other) in [
            ("book", "booking"),
            ("new", "news"),
            ("fit", "fitness"),
            ("us", "use"),
            ("post", "poster"),
        ] {
            assert_ne!(stem(one), stem(other));
        }
    }

    #[test]
    fn letters_of_any_language_are_no_problem() {
        assert_eq!(stem("Übung"), "übung");
        assert_eq!(stem("éé"), "éé");
        stem("日本語ss");
        stem("ñññ");
    }
}
