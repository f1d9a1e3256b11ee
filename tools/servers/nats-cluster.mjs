import { startCluster } from './cluster.mjs';
import { startNats } from './nats.mjs';
import { freePorts } from './ports.mjs';

/** Starts NATS servers that form one JetStream cluster; see `index.d.mts`. */
export async function startNatsCluster(size = 3, { config = '', ...options } = {}) {
  const ports = await freePorts(2 * size);
  const [routes, monitors] = [ports.slice(0, size), ports.slice(size)];
  const addresses = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
  const configOf = (index) => `
    server_name: "n${index + 1}"
    cluster { name: "catga-test", listen: "127.0.0.1:${routes[index]}", routes: [${addresses}] }
    http: "127.0.0.1:${monitors[index]}"
    ${config}`;
  return startCluster(
    routes.map((_, index) => () => startNats({ ...options, config: configOf(index) })),
    { agrees: () => hasLeader(monitors) },
  );
}

/** Streams with replicas can be made when one node leads and hears from all the others. */
async function hasLeader(monitors) {
  const views = await Promise.all(monitors.map(metaGroup));
  return views.some(
    ({ leader, own, replicas = [] }) =>
      leader === own && replicas.length === monitors.length - 1 && replicas.every(({ current }) => current === true),
  );
}

async function metaGroup(monitor) {
  const view = async (page) => (await fetch(`http://127.0.0.1:${monitor}/${page}`)).json();
  const [{ meta_cluster: meta = {} }, { server_name: own }] = await Promise.all([view('jsz'), view('varz')]);
  return { ...meta, own };
}
