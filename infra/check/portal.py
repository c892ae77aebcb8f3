"""Uses the portal as people do: in Chromium, on a complete installation of this machine, by what the pages offer alone.

The walk of the reference product with scripts and without; the night's path from a fresh sign-in to the receipt of one
attribute, by keyboard alone; axe on every page, light and dark, narrow and wide. Everything else that a page may not do is
watched on the way: errors in the console, requests to other hosts, text that runs off the screen.

Use: portal.py HOLDFAST SCRATCH [--chromium PROGRAM] [--shots FOLDER]. HOLDFAST is the program; SCRATCH a folder for what it keeps.
With a folder for screenshots every page is put there, at three widths, light and dark, and nothing else is done.
"""

import argparse
import concurrent.futures
import contextlib
import gzip
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

# What is promised. Sizes are in bytes, compressed.
MOST_CLICKS = 8
MOST_SCRIPT, MOST_STYLE = 12_000, 15_000
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS, SCHEMES = (320, 1280), ("light", "dark")
SHOT_WIDTHS = (360, 800, 1280)

PATIENCE_S = 75
# What a screen reader would say of it, where that key does what is meant there: a box is ticked by one, a link followed by the other.
WHAT_HAS_THE_FOCUS = """(key) => {
    const at = document.activeElement;
    return at.matches(key === "Enter" ? "a, button, summary" : "input") ? (at.labels?.[0] ?? at).innerText : "";
}"""


def wait_for(find, what):
    """What `find` gives, once it gives anything."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if found := find():
            return found
        time.sleep(0.2)
    raise AssertionError(f"in vain waited for {what}")


class Installation:
    """Microsoft, simulated, and a complete installation, empty but for a partner whose owner is invited."""

    def __init__(self, holdfast, folder, stack):
        folder.mkdir(parents=True)
        simulated = self.start(stack, folder / "simulate.log", [holdfast, "simulate", "--port", "0", "--users", "30"])
        microsoft = wait_for(lambda: re.findall(r"^(HOLDFAST_\w+)=(.+)$", simulated.read_text(), re.M)[3:] and simulated, "the login")
        environment = dict(re.findall(r"^(HOLDFAST_\w+)=(.+)$", microsoft.read_text(), re.M))
        apps = re.findall(r"^app +(\S+) (\w+) secret (\S*)", wait_for(lambda: "Portal" in microsoft.read_text() and microsoft, "the apps").read_text(), re.M)
        self.apps = {name: (client, secret) for client, name, secret in apps}
        self.tenant = re.search(r"^tenant (\S+) Fabrikam", microsoft.read_text(), re.M)[1]
        self.graph, self.login = environment["HOLDFAST_GRAPH_URL"], environment["HOLDFAST_LOGIN_URL"]
        for app in ("Reader", "Writer"):
            client, secret = self.apps[app]
            environment |= {f"HOLDFAST_{app.upper()}_CLIENT_ID": client, f"HOLDFAST_{app.upper()}_CLIENT_SECRET": secret}
        served = self.start(stack, folder / "serve.log", [holdfast, "serve", "--port", "0", "--data", folder / "data"], environment)
        told = wait_for(lambda: "Bootstrap" in served.read_text() and served.read_text(), "the installation")
        told = dict(re.findall(r"^(\w+) +(\S+)$", told, re.M))
        self.url, self.outbox = told["Portal"], pathlib.Path(told["Mail"])
        owner = {"name": "Ada Berg", "email": "ada.berg@northwind.example"}
        self.call("POST", self.url + "/v1/partners", {"name": "Northwind IT", "owner": owner}, told["Bootstrap"])
        self.administrator = None

    @staticmethod
    def start(stack, log, command, environment=None):
        with open(log, "w") as out:
            program = subprocess.Popen([str(part) for part in command], stdout=out, stderr=subprocess.STDOUT, env=environment or {})
        stack.callback(lambda: (program.terminate(), program.wait()))
        return log

    @staticmethod
    def call(method, url, body=None, token=None, form=None):
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        data = json.dumps(body).encode() if body is not None else None
        if form is not None:
            headers["content-type"], data = "application/x-www-form-urlencoded", urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
            return json.loads(answer.read() or "null")

    def ask_graph(self, method, path, body=None):
        """Asks Graph as the customer's administrator does, in Microsoft's own portal."""
        if not self.administrator:
            client, secret = self.apps["Administrator"]
            form = {"client_id": client, "client_secret": secret, "grant_type": "client_credentials",
                    "scope": f"{self.graph}/.default"}
            url = f"{self.login}/{self.tenant}/oauth2/v2.0/token"
            self.administrator = self.call("POST", url, form=form)["access_token"]
        return self.call(method, f"{self.graph}/v1.0/{path}", body, self.administrator)

    def code_of(self, address):
        """The code in the mail that invites whoever has that address."""

        def find():
            for mail in sorted(self.outbox.glob("*.eml")):
                text = mail.read_text().replace("=\n", "").replace("=\r\n", "")
                if address in text and (code := re.search(r"hfi_[0-9a-f]+", text)):
                    return code[0]

        return wait_for(find, f"the mail to {address}")


class Somebody:
    """Somebody at a browser: reads, clicks and writes what the page offers."""

    def __init__(self, browser, installation, scripts=True, **like):
        self.at, self.scripts, self.clicks, self.faults, self.seen = installation, scripts, 0, [], set()
        self.page = browser.new_context(java_script_enabled=scripts, base_url=installation.url, **like).new_page()
        self.page.set_default_timeout(15_000)
        self.page.on("console", self.says)
        self.page.on("pageerror", lambda error: self.faults.append(f"{self.page.url} fails with {error}"))
        self.page.on("request", self.asks)
        self.page.on("response", self.gets)

    def says(self, said):
        if said.type in ("error", "warning") and self.page.url.startswith(self.at.url):
            self.faults.append(f"{self.page.url} says {said.text}")

    def asks(self, request):
        is_ours = request.url.startswith(self.at.url + "/")
        # Whoever signs in or consents goes to Microsoft's pages, and those ask for what they like.
        is_login = request.is_navigation_request() and request.url.startswith(self.at.login + "/")
        if not is_ours and not is_login and self.page.url.startswith(self.at.url):
            self.faults.append(f"{self.page.url} asks {request.url}")

    def gets(self, response):
        # What a form answers itself, such as a link that is shown once, is no address to come back to.
        if response.request.is_navigation_request() and response.request.method == "GET" and response.status == 200:
            self.seen.add(response.url.removeprefix(self.at.url))

    def go(self, address):
        self.page.goto(address)
        return self

    @property
    def path(self):
        return urllib.parse.urlparse(self.page.url).path

    def element(self, role, says, within="body"):
        return self.page.locator(within).get_by_role(role, name=says).first

    def click(self, says, role="link", within="body"):
        self.element(role, says, within).click()
        self.page.wait_for_load_state()
        self.clicks += 1
        return self

    def press(self, says, within="main"):
        return self.click(says, "button", within)

    def write(self, **fields):
        for name, value in fields.items():
            field = self.page.locator(f"main [name='{name.replace('__', '.')}']").first
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(label=value) if not value.startswith("pln_") else field.select_option(value)
            else:
                field.fill(value)
        return self

    def tick(self, says):
        self.page.get_by_label(says).first.check()
        self.clicks += 1
        return self

    def sees(self, *texts):
        """The page says it; where something is under way it is waited for, by the script or by the page's own link."""
        for text in texts:
            def find():
                if text in self.page.inner_text("main"):
                    return True
                again = self.page.locator(".waits a")
                if again.count():
                    self.page.wait_for_timeout(500) if self.scripts else again.first.click()
            if not wait_for_quietly(find):
                raise AssertionError(f"{self.page.url} does not say {text!r}: {self.page.inner_text('main')}")
        return self

    def lacks(self, text):
        assert text not in self.page.inner_text("body"), f"{self.page.url} says {text!r}"
        return self

    def accepts(self, address, name):
        """Comes with the code of the mail, and signs in."""
        self.go("/").click("I have the code of an invitation").write(token=self.at.code_of(address)).press("Go on")
        return self.click("Go to sign-in").click(f"Sign in as {name}")

    def signs_in(self, name):
        return self.go("/sign-in").click("Go to sign-in").click(f"Sign in as {name}")

    def presses_key_at(self, says, key="Enter", most=200):
        """Goes by Tab to what says that, and presses a key there."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            at = self.page.evaluate(WHAT_HAS_THE_FOCUS, key)
            if says in at:
                self.clicks += 1
                if key != "Enter":
                    self.page.keyboard.press(key)
                    return self
                with self.page.expect_navigation():
                    self.page.keyboard.press(key)
                return self
        raise AssertionError(f"on {self.page.url} no Tab leads to {says!r}")


def wait_for_quietly(find):
    try:
        return wait_for(find, "")
    except AssertionError:
        return None


def connect(browser, ada, app, within):
    """Ada makes the link; the customer's administrator, at a browser of their own, consents and signs in."""
    link = ada.press(f"Link to consent to {app}", within).page.locator("#once").input_value()
    administrator = Somebody(browser, ada.at, ada.scripts)
    administrator.page.goto(link)
    administrator.click("Sign in at Microsoft")
    said = administrator.page.inner_text("body")
    assert "onnected" in said, said
    administrator.page.context.close()
    ada.click("Back")


def walk(browser, at, scripts):
    """What the reference product can do, from the first plan to the end of an organisation. Gives Ada, who did it."""
    ada = Somebody(browser, at, scripts).accepts("ada.berg@northwind.example", "Ada Berg").sees("What needs somebody")

    # A plan: what cannot be sold yet is said with its reason.
    ada.click("Plans").click("New plan").sees("Cannot be chosen: Entra is not active")
    ada.press("Activate Entra").click("Backup + Entra", "radio").write(name="Nights", price="2.90").press("Save")
    ada.sees("Entra", "Backup + Entra", "2.90")
    plan = ada.path
    ada.click("Plans").sees("Nights", "Entra")

    # A partner below, which may sell it.
    ada.click("Partner").click("Partners below").write(name="Riverside IT", owner__name="Bo Lund", owner__email="bo.lund@riverside.example")
    ada.press("Make a partner below").sees("it is shown this once").click("Back").sees("Riverside IT")
    ada.go(plan).press("Activate Entra for it").press("Let it sell the plan").sees("Riverside IT")
    riverside = ada.click("Partner").click("Partners below").page.locator("tr", has_text="Riverside IT").locator("code").last.inner_text()

    # An organisation on the plan, connected by its administrator.
    ada.click("Organisations").click("New organisation").write(name="Fabrikam", email="it@fabrikam.example", seats="10").press("New organisation")
    ada.sees("Nights", "Entra", "active")
    manage = ada.path
    connect(browser, ada, "backups", "#credentials")
    ada.go(manage)
    connect(browser, ada, "restores", "#credentials")
    ada.go(manage).sees("Fabrikam", "connected")
    ada.click("Open Entra portal").press("Back up now").sees("complete")
    snapshot = ada.path

    # Seats, and its life.
    ada.go(manage).write(seats="25").press("Save", "#subscription")
    assert ada.page.locator("#subscription [name=seats]").input_value() == "25"
    ada.press("Suspend", "#end").sees("suspended").press("Reactivate", "#end").sees("active")

    # What needs somebody is put aside, with a word to the others, and shown again.
    ada.click("Today", within="header").sees("more seats are in use").click("Put aside").write(note="expected, ticket 4711").press("Put aside")
    ada.sees("1 is put aside").click("Show them, too").click("Look").sees("expected, ticket 4711").press("Show it again")
    ada.sees("more seats are in use")

    # The partner's own licence; the customer's way in.
    ada.click("Partner").press("Make the own licence").sees("own licence, not for resale")
    link = ada.go(manage).press("Access link", "#customer").page.locator("#once").input_value()
    customer = Somebody(browser, at, scripts).go(link)
    if not scripts:
        customer.write(token=re.search(r"#access=(.+)", link)[1])
    customer.press("Open the portal").sees("Backup")
    assert "by an access link" in customer.page.inner_text("body") and "/e/" in customer.path
    customer.lacks("Compare with live").page.context.close()
    assert not customer.faults, customer.faults

    # Something changes; it is searched, compared and put back, one attribute of two.
    person = next(user for user in at.ask_graph("GET", "users")["value"] if user["jobTitle"])
    name = person["displayName"]
    at.ask_graph("PATCH", f"users/{person['id']}", {"jobTitle": "Contractor", "officeLocation": "Elsewhere"})
    ada.go(manage).click("Open Entra portal").click("Search", within=".inside").write(name=name).press("Search").click(name).sees(person["jobTitle"])
    # Why with that snapshot: the schedule takes its first one about now, which may hold the change.
    ada.go(snapshot).press("Compare with live").sees("Contractor", "Elsewhere")
    ada.tick("jobTitle").write(reason="a wrong title", ticket="4711").press("Preview putting back what is ticked")
    ada.sees("nothing written yet").press("Run this 1 step").sees("1 verified", "Receipt of a restore", "4711")
    now = at.ask_graph("GET", f"users/{person['id']}?$select=jobTitle,officeLocation")
    assert now["jobTitle"] == person["jobTitle"] and now["officeLocation"] == "Elsewhere", now
    return ada, manage, riverside, person


def end(browser, ada, manage, riverside):
    """The organisation is unsubscribed, goes to the partner below, which takes it on the plan that it may sell, and is deleted there."""
    ada.go(manage).press("Unsubscribe", "#end").sees("unsubscribed").press("Reactivate", "#end").sees("active")
    ada.write(to=riverside).press("Offer it", "#end").sees("It is offered")
    bo = Somebody(browser, ada.at, ada.scripts).accepts("bo.lund@riverside.example", "Bo Lund").sees("is offered to you")
    bo.click("Partner").click("Transfers offered").sees("Northwind IT").click("Fabrikam")
    bo.write(plan="Nights (Entra)").press("Accept it").sees("active", "Nights")
    bo.write(confirmation="Fabrikam").press("Delete", "#end").sees("being deleted", "It is deleted")
    ada.go("/organisations").lacks("Fabrikam")
    return bo


def night(browser, at, day, snapshots, person):
    """From a fresh sign-in to the receipt of one attribute, by keyboard alone. In the day before a snapshot was taken."""
    wait_for(lambda: "schedule" in day.go(snapshots).page.inner_text("main"), "the snapshot of the schedule")
    day.press("Back up now").sees("complete")
    at.ask_graph("PATCH", f"users/{person['id']}", {"jobTitle": "Intern"})
    ada = Somebody(browser, at).go("/sign-in").presses_key_at("Go to sign-in")
    ada.clicks = 0
    ada.presses_key_at("Sign in as Ada Berg").presses_key_at("Organisations").presses_key_at("Fabrikam")
    ada.presses_key_at("Compare with live").sees("Intern").presses_key_at("jobTitle", "Space")
    ada.presses_key_at("Preview putting back what is ticked").sees("nothing written yet")
    ada.presses_key_at("Run this 1 step").sees("1 verified", "Receipt of a restore")
    assert ada.clicks <= MOST_CLICKS, f"{ada.clicks} clicks"
    assert at.ask_graph("GET", f"users/{person['id']}")["jobTitle"] == person["jobTitle"]
    return ada


def shape(address):
    """An address without what makes it one of many: of a sort of pages one is looked at, and of jobs one of each outcome."""
    path, _, query = address.partition("?")
    path = re.sub(r"\b([a-z]{3})_[0-9a-z]{26}\b", r"\1", path)
    path = re.sub(r"/(objects|history|coverage|invoices)/.+", r"/\1", path)
    return path, tuple(sorted(name for name, _ in urllib.parse.parse_qsl(query)))


def pages_from(somebody, begin):
    """One address of each sort of page that links lead to."""
    known, next_ones = {}, list(begin)
    while next_ones:
        address = next_ones.pop(0)
        # What is a file and no page is not looked at.
        if shape(address) in known or any(file in address for file in (".csv", "/receipt", "/file")):
            continue
        answer = somebody.page.goto(address)
        if not somebody.page.url.startswith(somebody.at.url):
            continue
        assert answer.status == 200, f"{address}: {answer.status}"
        known[shape(address)] = address
        links = somebody.page.locator("a[href^='/']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        next_ones.extend(link for link in links if shape(link) not in known)
    return list(known.values())


def violations(page):
    return Axe().run(page, options={"runOnly": WCAG, "resultTypes": ["violations"]}).response["violations"]


def looked_at(somebody, addresses):
    """axe on each page, in both schemes and at both widths; and whether anything runs off. Gives how often it looked."""
    looks = 0
    for address in addresses:
        somebody.page.goto(address)
        for width in WIDTHS:
            somebody.page.set_viewport_size({"width": width, "height": 800})
            fits(somebody, address)
            for scheme in SCHEMES:
                somebody.page.emulate_media(color_scheme=scheme)
                looks += 1
                for rule in violations(somebody.page):
                    somebody.faults.append(f"{address}, {scheme}, {width} px: {rule['id']}: {rule['nodes'][0]['html'][:120]}")
    return looks


def fits(somebody, address):
    over = somebody.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if over > 0:
        somebody.faults.append(f"{address} runs off by {over} px at {somebody.page.viewport_size['width']} px")


def fit_in_german(somebody, addresses):
    """Whether the longer words fit where there is least room."""
    somebody.go("/").click("Deutsch", "button", "footer")
    somebody.page.set_viewport_size({"width": WIDTHS[0], "height": 800})
    for address in addresses:
        somebody.page.goto(address)
        assert somebody.page.locator("html").get_attribute("lang") == "de", address
        fits(somebody, address)
    somebody.go("/").click("English", "button", "footer")


def assets_are_small(at):
    page = urllib.request.urlopen(at.url + "/sign-in").read().decode()
    for kind, most in (("js", MOST_SCRIPT), ("css", MOST_STYLE)):
        names = re.findall(rf'"(/assets/[^"]+\.{kind})"', page)
        size = sum(len(gzip.compress(urllib.request.urlopen(at.url + name).read())) for name in names)
        assert names and size <= most, f"{kind}: {size} bytes compressed"
        yield f"{kind} {size}"


def take_shots(somebody, addresses, folder):
    for number, address in enumerate(addresses):
        somebody.page.goto(address)
        name = re.sub(r"\W+", "-", "-".join([shape(address)[0].strip("/") or "today", *shape(address)[1]]))
        for width in SHOT_WIDTHS:
            for scheme in SCHEMES:
                somebody.page.set_viewport_size({"width": width, "height": 800})
                somebody.page.emulate_media(color_scheme=scheme)
                somebody.page.screenshot(path=folder / f"{number:02}-{name}-{width}-{scheme}.png", full_page=True)


def with_scripts(holdfast, folder, chromium, shots):
    with contextlib.ExitStack() as stack:
        browser, at = begun(stack, holdfast, folder, chromium)
        ada, manage, riverside, person = walk(browser, at, scripts=True)
        if shots:
            shots.mkdir(parents=True, exist_ok=True)
            return take_shots(ada, pages_from(ada, ["/"]), shots)
        sizes = list(assets_are_small(at))
        addresses = pages_from(ada, ["/", *sorted(seen for seen in ada.seen if seen.startswith("/"))])
        looks = looked_at(ada, addresses)
        fit_in_german(ada, addresses)
        by_keyboard = night(browser, at, ada, f"/e/{manage.rsplit('/', 1)[1]}/snapshots", person)
        nobody, lost = Somebody(browser, at), Somebody(browser, at)
        looks += looked_at(nobody, ["/sign-in", "/invitation", "/access"]) + looked_at(lost, ["/nothing"])
        # Whoever opens a page that is none is told so in the console, too: it shows that faults are heard at all.
        assert any("404" in fault for fault in lost.faults), lost.faults
        lost.page.goto("about:blank")
        lost.page.set_content("<p style='color: #999'><img src='none.png'>grey</p>")
        assert {rule["id"] for rule in violations(lost.page)} >= {"image-alt", "color-contrast"}, "axe sees nothing"
        bo = end(browser, ada, manage, riverside)
        looks += looked_at(bo, ["/", "/transfers", "/organisations"])
        faults = ada.faults + by_keyboard.faults + nobody.faults + bo.faults
        return f"with scripts: the walk, the night by {by_keyboard.clicks} keys, {looks} looks by axe at {len(addresses)} pages, " + ", ".join(sizes), faults


def without_scripts(holdfast, folder, chromium):
    with contextlib.ExitStack() as stack:
        browser, at = begun(stack, holdfast, folder, chromium)
        ada, manage, riverside, _ = walk(browser, at, scripts=False)
        bo = end(browser, ada, manage, riverside)
        return "without scripts: the walk", ada.faults + bo.faults


def begun(stack, holdfast, folder, chromium):
    at = Installation(holdfast, folder, stack)
    playwright = stack.enter_context(sync_playwright())
    # Why without its sandbox: root has none, and only pages of ours are opened.
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    stack.callback(browser.close)
    return browser, at


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("holdfast", type=lambda path: pathlib.Path(path).resolve())
    options.add_argument("scratch", type=pathlib.Path)
    options.add_argument("--chromium", default="/usr/bin/chromium")
    options.add_argument("--shots", type=pathlib.Path)
    given = options.parse_args()
    with concurrent.futures.ThreadPoolExecutor() as both:
        begun = [both.submit(with_scripts, given.holdfast, given.scratch / "scripts", given.chromium, given.shots)]
        if not given.shots:
            begun.append(both.submit(without_scripts, given.holdfast, given.scratch / "none", given.chromium))
        ended = [one.result() for one in begun]
    if given.shots:
        return 0
    for told, faults in ended:
        print(told)
        for fault in faults:
            print("FAULT", fault)
    return 1 if any(faults for _, faults in ended) else 0


if __name__ == "__main__":
    sys.exit(main())
