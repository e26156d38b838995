"""Every address: each app brings its own."""

from django.urls import include, path

from deploy import health

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("", include("tenants.urls")),
    path("", include("pacs.urls")),
]
handler404 = "tenants.views.errors.not_found"
handler500 = "tenants.views.errors.server_error"
handler403 = "tenants.views.errors.forbidden"
