"""Opens the page of documentation in a headless Chromium that reaches this machine only, and uses it as a person
would: every path is listed, "Try it out" posts an event, and another path then lists it. Takes the server's address
and a file for a picture of the page should that fail."""

import json
import sys
from urllib.request import urlopen

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_S = 30


def main(server, picture):
    browser = start()
    try:
        look(browser, server)
    except BaseException:
        browser.save_screenshot(picture)
        print(f"A picture of the page: {picture}", file=sys.stderr)
        raise
    finally:
        browser.quit()


def start():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--window-size=1200,2400",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService("/usr/bin/chromedriver"))


def look(browser, server):
    document = read(f"{server}/openapi.json")
    browser.get(f"{server}/docs")

    listed = wait(browser, lambda: operations(browser))
    expected = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert listed == expected, f"listed, but not described, or the other way round: {listed ^ expected}"

    assert not read(f"{server}/versions/")["versions"], "a server without data is needed"
    posted = execute(browser, "post", "/version-events/")
    shown = execute(browser, "get", "/versions/")["versions"]
    assert (posted["product_name"], posted["version"]) in names(shown), f"{posted} is not among {shown}"
    assert names(read(f"{server}/versions/")["versions"]) == names(shown)

    complaints = [entry for entry in browser.get_log("browser") if entry["level"] != "INFO"]
    assert not complaints, complaints
    asked = list(requests(browser))
    elsewhere = [url for url in asked if not url.startswith((server, "data:"))]
    assert asked and not elsewhere, f"asked elsewhere: {elsewhere}"
    print(f"The page lists {len(listed)} operations, and an event was posted through it and found.")


def operations(browser):
    """Every method and path that the page lists."""
    blocks = browser.find_elements(By.CSS_SELECTOR, ".opblock-summary")
    return {
        (
            block.find_element(By.CSS_SELECTOR, ".opblock-summary-method").text,
            block.find_element(By.CSS_SELECTOR, ".opblock-summary-path").get_attribute("data-path"),
        )
        for block in blocks
    }


def execute(browser, method, path):
    """Tries an operation out, with the example as its body. Returns what the page shows as the answer."""
    header = browser.find_element(
        By.CSS_SELECTOR, f'.opblock-{method} .opblock-summary-path[data-path="{path}"]'
    )
    block = header.find_element(By.XPATH, "ancestor::div[contains(concat(' ', @class, ' '), ' opblock ')]")
    header.click()
    press(browser, block, ".try-out__btn")
    if method == "post":
        body = wait(browser, lambda: block.find_elements(By.CSS_SELECTOR, "textarea.body-param__text"))[0]
        assert "product_name" in json.loads(body.get_attribute("value"))
    press(browser, block, ".execute")
    live = ".live-responses-table "
    status = wait(browser, lambda: block.find_elements(By.CSS_SELECTOR, f"{live}.response-col_status"))
    status = [cell.text for cell in status if cell.text != "Code"]
    assert [text.split()[0] for text in status] == ["200"], status
    shown = block.find_element(By.CSS_SELECTOR, f"{live}.response-col_description .highlight-code code")
    return json.loads(shown.get_attribute("textContent"))


def press(browser, block, button):
    wait(browser, lambda: block.find_elements(By.CSS_SELECTOR, button))[0].click()


def wait(browser, found):
    return WebDriverWait(browser, PATIENCE_S).until(lambda _: found())


def requests(browser):
    """Every address that the page asked for."""
    for entry in browser.get_log("performance"):
        event = json.loads(entry["message"])["message"]
        if event["method"] == "Network.requestWillBeSent":
            yield event["params"]["request"]["url"]


def names(versions):
    return {(version["product_name"], version["version"]) for version in versions}


def read(url):
    with urlopen(url) as answer:
        return json.load(answer)


main(*sys.argv[1:])
