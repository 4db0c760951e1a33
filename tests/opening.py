"""Open a page in the browser, and keep what it complains of."""


def open_page(browser, origin, name, width=1280, scheme="light", script=True):
    """Open a page from disk or host; return it with every complaint and every foreign request."""
    origin = origin if isinstance(origin, str) else f"file://{origin}"
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
    )
    page = context.new_page()
    page.trouble = []
    page.on("console", lambda message: page.trouble.append(message.text))
    page.on("pageerror", lambda error: page.trouble.append(str(error)))
    page.on("requestfailed", lambda request: page.trouble.append(request.url))
    page.on("request", lambda r: None if r.url.startswith(origin) else page.trouble.append(r.url))
    page.goto(f"{origin}/{name}")
    return page
