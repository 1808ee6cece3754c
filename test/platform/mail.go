package platform

import (
	"context"

	"halo.dev/halo/test/cluster"
	"halo.dev/halo/test/mailhost"
)

// mailAccount is the login at the mail host that tenants' servers use.
const mailAccount = "halo"

// mailHostName is the mail host's name, which the cluster's DNS answers.
func (p *Platform) mailHostName() string {
	return cluster.HostName("relay", p.Cluster.Addresses.MailHost)
}

// Mail is the platform's mail host, whether it runs or not.
func (p *Platform) Mail() (*mailhost.Host, error) {
	options, err := p.mailOptions()
	if err != nil {
		return nil, err
	}
	return mailhost.Attach(options), nil
}

func (p *Platform) mailOptions() (mailhost.Options, error) {
	password, err := p.mailPassword()
	if err != nil {
		return mailhost.Options{}, err
	}
	return mailhost.Options{
		Folder:    p.Path("mail"),
		Address:   p.Cluster.Addresses.MailHost,
		HostName:  p.mailHostName(),
		Namespace: p.Cluster.CloudNamespace(),
		Username:  mailAccount,
		Password:  password,
	}, nil
}

// StartMail starts the mail host; one that runs is started anew.
func (p *Platform) StartMail(ctx context.Context) error {
	options, err := p.mailOptions()
	if err != nil {
		return err
	}
	if err := p.Cluster.AddCloudAddress(ctx, options.Address.String()); err != nil {
		return err
	}
	_, err = mailhost.Start(ctx, options)
	return err
}
