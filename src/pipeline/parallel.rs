//! Parallel work on many items, with results in the order of the items.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does `work` on every item, on `threads` threads, each with its own state.
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
                    // No other thread has this index: none holds its lock or has taken its item.
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

/// Like [`each`], without a state.
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
        assert_eq!(all(2, words.clone(), |word: String| word), words, "items may be owned");
    }
}
