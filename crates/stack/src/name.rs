//! Names in the cases that languages write them in.

use archwright_plan::model::naming::snake;

/// `OrderLine` of `order_line`, `order-line` or `orderLine`.
pub fn pascal(name: &str) -> String {
    words(name).map(|word| capitalised(&word)).collect()
}

/// `ORDER_LINE`
pub fn constant(name: &str) -> String {
    snaked(name).to_ascii_uppercase()
}

/// `order_line`
pub fn snaked(name: &str) -> String {
    snake(&name.replace(['-', ' ', '.'], "_"))
}

/// `orderLine`
pub fn camel(name: &str) -> String {
    let mut pascal = pascal(name);
    if let Some(first) = pascal.get_mut(0..1) {
        first.make_ascii_lowercase();
    }
    pascal
}

/// `order line`, in a sentence.
pub fn spoken(name: &str) -> String {
    snaked(name).replace('_', " ")
}

fn words(name: &str) -> impl Iterator<Item = String> {
    let words: Vec<String> = snaked(name).split('_').map(str::to_owned).collect();
    words.into_iter().filter(|word| !word.is_empty())
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// The first of `name`, `name_2`, `name_3`… that is not taken.
pub fn free(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut free = name.to_owned();
    let mut number = 2;
    while is_taken(&free) {
        free = format!("{name}_{number}");
        number += 1;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_in_each_case() {
        for name in ["order_line", "order-line", "OrderLine", "orderLine"] {
            assert_eq!(pascal(name), "OrderLine", "{name}");
            assert_eq!(constant(name), "ORDER_LINE", "{name}");
            assert_eq!(snaked(name), "order_line", "{name}");
            assert_eq!(camel(name), "orderLine", "{name}");
            assert_eq!(spoken(name), "order line", "{name}");
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        assert_eq!(free("book", |_| false), "book");
        assert_eq!(
            free("book", |name| ["book", "book_2"].contains(&name)),
            "book_3"
        );
    }
}
