// The roofline of a layer, as in catdog_lib.explore.roofline.bound. No page is needed.

// work: operations and numbers for one image, and weights. machine: { peak, bandwidth, bytes }.
export function layerBound([operations, numbers, weights], machine, batch) {
  const all = batch * operations;
  const moved = machine.bytes * (batch * numbers + weights);
  const [computing, moving] = [all / machine.peak, moved / machine.bandwidth];
  const seconds = Math.max(computing, moving);
  return {
    operations: all, moved, seconds,
    intensity: all / moved,
    rate: all / seconds,
    byMemory: moving > computing,
  };
}

export const totalSeconds = (bounds) => bounds.reduce((sum, { seconds }) => sum + seconds, 0);

// The share of the time that layers take which memory limits.
export const memoryShare = (bounds) =>
  totalSeconds(bounds.filter(({ byMemory }) => byMemory)) / totalSeconds(bounds);

// What is chosen, and all that follows from it. state: the traits of the model.
export function chosenBounds({ networks, machines, sizes, network, machine, batch, size, layer }) {
  const { layers, work } = networks.find(({ name }) => name === network);
  const here = machines.find(({ name }) => name === machine);
  const numbers = work[Math.max(0, sizes.indexOf(size))];
  const boundsOn = (one) => numbers.map((each) => layerBound(each, one, batch));
  return {
    layers,
    machine: here,
    at: Math.min(layer, layers.length - 1),
    bounds: boundsOn(here),
    everywhere: machines.map(boundsOn),
  };
}

// The seconds that were measured of what is chosen, by the layer's name.
export function measuredHere(measured, chosen) {
  const names = ["network", "machine", "batch", "size"];
  return names.every((name) => measured[name] === chosen[name]) ? measured.seconds : {};
}
