'use strict';

// The page as the proxy renders it comes every second. Only what differs is
// changed, so that a selection stays and a screen reader is not disturbed.
function take(old, now) {
	if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName) {
		old.replaceWith(document.importNode(now, true));
		return;
	}
	if (old.nodeType !== Node.ELEMENT_NODE) {
		if (old.data !== now.data) old.data = now.data;
		return;
	}
	for (const { name } of [...old.attributes]) {
		if (!now.hasAttribute(name)) old.removeAttribute(name);
	}
	for (const { name, value } of now.attributes) {
		if (old.getAttribute(name) !== value) old.setAttribute(name, value);
	}
	const here = [...old.childNodes], there = [...now.childNodes];
	there.forEach((child, i) => {
		if (i < here.length) take(here[i], child);
		else old.append(document.importNode(child, true));
	});
	here.slice(there.length).forEach((child) => child.remove());
}

const link = document.getElementById('link');
let events = null;

function say(words) {
	if (link.textContent !== words) link.textContent = words;
}

function look() {
	events = new EventSource('events');
	events.onmessage = (message) => {
		const page = new DOMParser().parseFromString(message.data, 'text/html');
		take(document.getElementById('view'), page.getElementById('view'));
		say('Live');
	};
	events.onerror = () => {
		say('Not live: the proxy does not answer, or too many look. Trying again.');
		if (events.readyState !== EventSource.CLOSED) return; // it tries by itself
		events = null;
		setTimeout(() => { if (!events && !document.hidden) look(); }, 5000);
	};
}

// The proxy works for whoever looks: not for a page that nobody sees.
document.addEventListener('visibilitychange', () => {
	if (document.hidden && events) {
		events.close();
		events = null;
	} else if (!document.hidden && !events) {
		look();
	}
});
if (!document.hidden) look();
