/* Orthanc 1.10 listens on every interface whatever its configuration says. Preloaded, this binds each socket to the
   loopback interface instead, so that a benchmark opens nothing to the network. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

int bind(int descriptor, const struct sockaddr *address, socklen_t length)
{
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
    struct sockaddr_in6 changed;

    if (length > sizeof changed)
        return real(descriptor, address, length);
    memcpy(&changed, address, length);
    if (address->sa_family == AF_INET)
        ((struct sockaddr_in *)&changed)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (address->sa_family == AF_INET6)
        changed.sin6_addr = in6addr_loopback;
    return real(descriptor, (const struct sockaddr *)&changed, length);
}
