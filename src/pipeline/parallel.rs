//! Work on many things at once, with results in their order.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work` on every item, on so many threads, each with a state of its own.
pub(super) fn each<T: Send, S, R: Send>(
    threads: usize,
    items: impl IntoIterator<Item = T>,
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> R + Sync,
) -> Vec<R> {
    let items: Vec<Mutex<Option<T>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let slots: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                let mut state = state();
                while let Some((item, slot)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).zip(slots.get(index))
                } {
                    // Nobody else has this index, so that nobody holds its lock or took what is in it.
                    let item = item.lock().ok().and_then(|mut item| item.take());
                    let done = item.map(|item| work(&mut state, item));
                    if let Ok(mut slot) = slot.lock() {
                        *slot = done;
                    }
                }
            });
        }
    });
    // A thread that panicked has ended the scope already: every slot is filled.
    slots.into_iter().filter_map(|slot| slot.into_inner().ok().flatten()).collect()
}

/// As [`each`], without a state.
pub(super) fn all<T: Send, R: Send>(
    threads: usize,
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    each(threads, items, || (), |(), item| work(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..500).collect();
        for threads in [1, 2, 7] {
            let doubled = each(threads, &items, || (), |(), item| item * 2);
            assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
        assert_eq!(all(2, &[] as &[u64], |item| *item), Vec::<u64>::new());
        let words = vec!["one".to_owned(), "two".to_owned()];
        assert_eq!(all(2, words.clone(), |word: String| word), words, "and things may be given away");
    }
}
