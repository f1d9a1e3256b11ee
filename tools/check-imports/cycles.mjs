/**
 * Circles of files that import each other, one for each knot of them, as the shortest way round.
 *
 * @param graph Map of a file to the files that it imports.
 * @returns lists of files; the last imports the first.
 */
export function findCycles(graph) {
  return knots(graph).map((knot) => shortestCycle(graph, knot));
}

/** Strongly connected parts with more than one file, or one that imports itself (Tarjan, without recursion). */
function knots(graph) {
  const state = { index: new Map(), low: new Map(), stack: [], onStack: new Set(), found: [] };
  for (const node of graph.keys()) if (!state.index.has(node)) explore(graph, node, state);
  return state.found.filter((knot) => knot.length > 1 || graph.get(knot[0]).includes(knot[0]));
}

function explore(graph, start, state) {
  const work = [enter(graph, start, state)];
  while (work.length > 0) {
    const frame = work[work.length - 1];
    const next = frame.targets.pop();
    if (next === undefined) {
      work.pop();
      leave(frame.node, work[work.length - 1]?.node, state);
    } else if (!state.index.has(next)) {
      work.push(enter(graph, next, state));
    } else if (state.onStack.has(next)) {
      lower(state, frame.node, state.index.get(next));
    }
  }
}

function enter(graph, node, state) {
  state.index.set(node, state.index.size);
  state.low.set(node, state.index.get(node));
  state.stack.push(node);
  state.onStack.add(node);
  return { node, targets: [...(graph.get(node) ?? [])] };
}

function leave(node, parent, state) {
  if (parent !== undefined) lower(state, parent, state.low.get(node));
  if (state.low.get(node) !== state.index.get(node)) return;
  const knot = state.stack.splice(state.stack.indexOf(node));
  for (const member of knot) state.onStack.delete(member);
  state.found.push(knot);
}

const lower = (state, node, value) => state.low.set(node, Math.min(state.low.get(node), value));

/** Breadth first from the first file of the knot back to itself. */
function shortestCycle(graph, knot) {
  const [start] = [...knot].sort();
  const members = new Set(knot);
  const cameFrom = new Map();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node)) {
      if (next === start) return wayTo(node, cameFrom);
      if (!members.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  return knot;
}

function wayTo(node, cameFrom) {
  const way = [];
  for (let at = node; at !== undefined; at = cameFrom.get(at)) way.unshift(at);
  return way;
}
