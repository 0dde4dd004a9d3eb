"""The live page, `vllm-bridge serve --page HOST:PORT`: HTTP, who may look, and what they see.

http.py     connections, bounded in number and time, over h11
access.py   the token, the cookie, client certificates, which names a browser may call us by
page.py     what is at which path
feed.py     what all lookers get every second, made once
view.py     a server's status as the page draws it
static/     the page itself: one file each of HTML, CSS and JavaScript
"""
