// What docker/compose.yaml promises whoever runs it for years.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const text = readFileSync(new URL('../../../docker/compose.yaml', import.meta.url), 'utf8');
/** Name and text of each service. */
const services = (text.split(/^services:$/m)[1]?.split(/^networks:$/m)[0] ?? '').split(/^ {2}(?=[a-z]+:$)/m).slice(1).map((part): [string, string] => [part.split(':', 1)[0] ?? '', part]);

test('there are the four services', () => {
  expect(services.map(([name]) => name)).toEqual(['asterisk', 'app', 'redis', 'sipp']);
});

test.each(services)('the output of %s cannot fill the disk', (_, service) => {
  expect(service).toMatch(/^ {4}logging: \*bounded$/m);
  expect(text).toMatch(/^x-logging: &bounded\n {2}driver: json-file\n {2}options:\n {4}max-size: \d+m\n {4}max-file: "\d"$/m);
});

test('no network is fixed: two installations, or one beside another company\'s network, do not collide', () => {
  expect(text).not.toMatch(/subnet|ipv4_address/);
});
