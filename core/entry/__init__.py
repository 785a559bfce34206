"""The one gate before any entry: its checks, and what each limit of size leaves."""
