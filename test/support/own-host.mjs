// Preloaded by a node program that plays a node on another machine: it reports a host name of its own, so that nobody
// can tell from its process id that it is gone, and only its lease says so.
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';

const { TEST_HOST } = process.env;
if (!TEST_HOST) throw new Error('Set TEST_HOST to the name of the host that this node pretends to be on');
os.hostname = () => TEST_HOST;
syncBuiltinESMExports();
