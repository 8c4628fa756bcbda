//! Whether everybody gets an answer in the end: a search for fair cycles in the graph of a walk.
//!
//! Weak fairness: whoever could act from some moment on without a break acts some time. The actors are
//! the calls, the clock that ends what nobody prolongs, the network and whoever writes from outside;
//! adversities owe nothing, and their budget keeps them out of every cycle. A run that goes on for ever
//! stays in one strongly connected component in the end. Such a component is fair if each actor is
//! either unable to act in one of its states or acts on one of its edges; then a run through all
//! of it is fair too, so the search misses nothing and cries at nothing that cannot happen.
//!
//! Calls never come back from their answer, so one that is still without in some state of a component
//! is without in all of them: a fair component with a live call that waits is a defect, and
//! so is a state in which nobody can act.

/// The graph of a walk, states by number in the order of discovery.
#[derive(Default)]
pub(crate) struct Graph {
    /// Where the edges of each state begin.
    starts: Vec<u32>,
    /// Where each leads, and whose step it is.
    edges: Vec<(u32, Option<u8>)>,
    /// Which actors can act in each state.
    enabled: Vec<u16>,
    /// Whether somebody alive is still without an answer there.
    pending: Vec<bool>,
}

/// A run that is fair and in which somebody never gets an answer.
pub(crate) struct Lasso {
    /// The state to which the shortest way leads.
    pub(crate) entry: u32,
    /// The moves of a cycle through it; none where nobody can act.
    pub(crate) cycle: Vec<u16>,
    /// How many states there are to go round in.
    pub(crate) size: usize,
}

/// What the search did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fairness {
    /// Components that go round.
    pub cycles: usize,
    /// Those of them that are not fair while somebody waits: somebody would act and end them.
    pub unfair: usize,
    /// States in which somebody waits and nobody but the actors keeps it from ending.
    pub waiting: usize,
}

impl Graph {
    /// The next state, with its edges.
    pub(crate) fn push(&mut self, edges: impl Iterator<Item = (u32, Option<u8>)>, pending: bool) {
        let start = self.edges.len();
        self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
        self.edges.extend(edges);
        let mut enabled = 0;
        for (_, actor) in &self.edges[start..] {
            enabled |= bit(*actor);
        }
        self.enabled.push(enabled);
        self.pending.push(pending);
    }

    fn edges_of(&self, state: u32) -> &[(u32, Option<u8>)] {
        let at = state as usize;
        let start = self.starts[at] as usize;
        let end = self
            .starts
            .get(at + 1)
            .map_or(self.edges.len(), |end| *end as usize);
        &self.edges[start..end]
    }

    /// Looks for a fair run in which somebody never gets an answer.
    pub(crate) fn search(&self) -> Result<Fairness, Lasso> {
        let mut fairness = Fairness::default();
        for (state, pending) in (0_u32..).zip(&self.pending) {
            fairness.waiting += usize::from(*pending);
            if *pending && self.enabled[state as usize] == 0 {
                return Err(Lasso {
                    entry: state,
                    cycle: Vec::new(),
                    size: 1,
                });
            }
        }
        let components = Components::of(self);
        for members in components.members() {
            self.is_harmless(&members, &components, &mut fairness)?;
        }
        Ok(fairness)
    }

    fn is_harmless(
        &self,
        members: &[u32],
        components: &Components,
        fairness: &mut Fairness,
    ) -> Result<(), Lasso> {
        let Some(first) = members.iter().min().copied() else {
            return Ok(());
        };
        let component = components.number[first as usize];
        let (mut always, mut acts, mut inside) = (u16::MAX, 0, 0_usize);
        for state in members {
            always &= self.enabled[*state as usize];
            for (to, actor) in self.edges_of(*state) {
                if components.number[*to as usize] == component {
                    inside += 1;
                    acts |= bit(*actor);
                }
            }
        }
        if inside == 0 {
            return Ok(());
        }
        fairness.cycles += 1;
        if always & !acts != 0 {
            fairness.unfair += usize::from(self.pending[first as usize]);
            return Ok(());
        }
        if self.pending[first as usize] {
            return Err(Lasso {
                entry: first,
                cycle: self.cycle_through(first, components),
                size: members.len(),
            });
        }
        Ok(())
    }

    /// The moves of a shortest cycle through `entry`.
    fn cycle_through(&self, entry: u32, components: &Components) -> Vec<u16> {
        let component = components.number[entry as usize];
        let mut before = std::collections::HashMap::new();
        let mut queue = std::collections::VecDeque::from([entry]);
        while let Some(state) = queue.pop_front() {
            for (index, (to, _)) in (0_u16..).zip(self.edges_of(state)) {
                if components.number[*to as usize] != component || before.contains_key(to) {
                    continue;
                }
                before.insert(*to, (state, index));
                if *to == entry {
                    break;
                }
                queue.push_back(*to);
            }
        }
        let mut moves = Vec::new();
        let mut at = entry;
        while let Some((from, index)) = before.get(&at) {
            moves.push(*index);
            at = *from;
            if at == entry {
                break;
            }
        }
        moves.reverse();
        moves
    }
}

fn bit(actor: Option<u8>) -> u16 {
    actor.map_or(0, |actor| 1 << actor)
}

/// The strongly connected components, by Tarjan's algorithm without recursion.
struct Components {
    /// The component of each state.
    number: Vec<u32>,
    count: u32,
}

/// Not yet met.
const NEW: u32 = u32::MAX;

impl Components {
    fn of(graph: &Graph) -> Self {
        let states = graph.starts.len();
        let mut search = Search {
            graph,
            order: vec![NEW; states],
            low: vec![0; states],
            number: vec![NEW; states],
            open: Vec::new(),
            way: Vec::new(),
            met: 0,
            count: 0,
        };
        for state in (0_u32..).take(states) {
            if search.order[state as usize] == NEW {
                search.from(state);
            }
        }
        Self {
            number: search.number,
            count: search.count,
        }
    }

    fn members(&self) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.count as usize];
        for (state, component) in (0_u32..).zip(&self.number) {
            members[*component as usize].push(state);
        }
        members
    }
}

struct Search<'a> {
    graph: &'a Graph,
    /// When each state was met.
    order: Vec<u32>,
    /// The earliest open state that it leads to, as far as is known.
    low: Vec<u32>,
    number: Vec<u32>,
    /// States whose component is not complete.
    open: Vec<u32>,
    /// The way down to where the search is, each with the next edge to look at.
    way: Vec<(u32, usize)>,
    met: u32,
    count: u32,
}

impl Search<'_> {
    fn from(&mut self, root: u32) {
        self.meet(root);
        while let Some((state, edge)) = self.way.pop() {
            let at = state as usize;
            if let Some((to, _)) = self.graph.edges_of(state).get(edge) {
                self.way.push((state, edge + 1));
                let there = *to as usize;
                if self.order[there] == NEW {
                    self.meet(*to);
                } else if self.number[there] == NEW {
                    self.low[at] = self.low[at].min(self.order[there]);
                }
                continue;
            }
            if self.low[at] == self.order[at] {
                self.complete(state);
            }
            if let Some((above, _)) = self.way.last() {
                let above = *above as usize;
                self.low[above] = self.low[above].min(self.low[at]);
            }
        }
    }

    fn meet(&mut self, state: u32) {
        self.order[state as usize] = self.met;
        self.low[state as usize] = self.met;
        self.met += 1;
        self.open.push(state);
        self.way.push((state, 0));
    }

    fn complete(&mut self, state: u32) {
        while let Some(member) = self.open.pop() {
            self.number[member as usize] = self.count;
            if member == state {
                break;
            }
        }
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A state's edges, and whether somebody waits there.
    type Node<'a> = (&'a [(u32, Option<u8>)], bool);

    fn graph(states: &[Node<'_>]) -> Graph {
        let mut graph = Graph::default();
        for (edges, pending) in states {
            graph.push(edges.iter().copied(), *pending);
        }
        graph
    }

    #[test]
    fn a_cycle_that_a_fair_actor_leaves_is_harmless() {
        let harmless = graph(&[
            (&[(1, Some(0)), (2, Some(1))], true),
            (&[(0, Some(0)), (2, Some(1))], true),
            (&[], false),
        ]);
        let fairness = harmless.search().map_err(|lasso| lasso.entry);
        assert_eq!(
            fairness,
            Ok(Fairness {
                cycles: 1,
                unfair: 1,
                waiting: 2
            })
        );
    }

    #[test]
    fn a_cycle_that_keeps_breaking_an_actors_chance_is_found() {
        let lasso = graph(&[
            (&[(1, Some(0)), (2, Some(1))], true),
            (&[(0, Some(0))], true),
            (&[], false),
        ]);
        let Err(lasso) = lasso.search() else {
            panic!("the second actor is never able for long")
        };
        assert_eq!(
            (lasso.entry, lasso.cycle.as_slice(), lasso.size),
            (0, &[0, 0][..], 2)
        );
    }

    #[test]
    fn a_state_in_which_nobody_can_act_is_found() {
        let stuck = graph(&[(&[(1, Some(0))], true), (&[(0, None)], true)]);
        assert!(stuck.search().is_err_and(|lasso| lasso.entry == 1));
    }
}
