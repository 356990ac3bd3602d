// What every test of the pages does: a browser that stays on this machine, and ears for what goes wrong in it.
import { chromium } from 'playwright-core';
import axe from 'axe-core';
import assert from 'node:assert/strict';

/** Running designs: `[{ name, url, roles, production }]`. */
const running = JSON.parse(process.env.SERVERS ?? '[]');
export const servers = running.filter((server) => !server.production);
export const production = running.find((server) => server.production);
assert.ok(servers.length && production, 'SERVERS names no server: run `cargo xtask browser`');

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });

/** A page in a window of that size; `faults` fills up with what must not happen. */
export async function open(browser, { url, path = '/', width = 1440, scheme = 'light', ...options }) {
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 844 : 900 },
    colorScheme: scheme,
    permissions: ['clipboard-read', 'clipboard-write'],
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const faults = [];
  const requests = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // The browser reports replies such as 401 itself: they are asked for here.
    const isReply = message.text().startsWith('Failed to load resource') && !isOwnFile(message.location().url);
    if (message.type() === 'error' && !isReply) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    requests.push(request);
    const target = new URL(request.url());
    if (!['data:', 'blob:'].includes(target.protocol) && target.origin !== new URL(url).origin) {
      faults.push(`request to ${request.url()}`);
    }
  });
  await page.goto(url + path, { waitUntil: 'networkidle' });
  return { context, page, faults, requests };
}

const isOwnFile = (url) => {
  const path = new URL(url).pathname;
  return path === '/' || path.startsWith('/_page/') || path === '/reference' || path === '/openapi.json';
};

/** Text and controls that stick out of the window, but for those in a scroll area of their own. */
export const overflowing = (page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const scrolls = (element) => {
      for (let parent = element.parentElement; parent && parent !== document.body; parent = parent.parentElement) {
        if (/auto|scroll/.test(getComputedStyle(parent).overflowX)) return true;
      }
      return false;
    };
    const isHidden = (element) => {
      const style = getComputedStyle(element);
      return style.visibility === 'hidden' || style.clipPath !== 'none' || element.closest('.hidden, .skip, thead');
    };
    const found = [];
    if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
    for (const element of document.body.querySelectorAll('*')) {
      const box = element.getBoundingClientRect();
      if (!box.width || !box.height || (box.right <= width + 1 && box.left >= -1)) continue;
      if (isHidden(element) || scrolls(element)) continue;
      found.push(`${element.tagName.toLowerCase()}.${element.className} reaches from ${box.left} to ${box.right}`);
    }
    return found;
  });

/** Violations of serious or critical impact, as axe-core names them, but for the rules left out. */
export async function inaccessible(page, leftOut = []) {
  await page.evaluate(axe.source);
  const rules = Object.fromEntries(leftOut.map((rule) => [rule, { enabled: false }]));
  const results = await page.evaluate((options) => window.axe.run(document, options), { resultTypes: ['violations'], rules });
  assert.ok(results.passes.length > 10, 'axe-core has looked at the page');
  return results.violations
    .filter((violation) => ['serious', 'critical'].includes(violation.impact))
    .flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)}\n${node.failureSummary}`));
}

export const none = (list, what) => assert.deepEqual(list, [], what);
